using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>What the access log is told of an exchange; nothing, and at no cost, where there is none.</summary>
internal sealed partial class Exchange
{
    private void BeginLine(RequestHead request, ReadOnlySpan<byte> head)
    {
        DropLine();
        if (worker.Surroundings.AccessLog is { } log)
        {
            _line = worker.Buffers.Rent(AccessLine.MaxLength);
            _lineLength = log.IsCombined ? CombinedLine.Begin(_line, request, head, client.Identity, worker.Surroundings.Time.GetUtcNow()) : AccessLine.Begin(_line, request, head, client.Identity, worker.Surroundings.Time.GetUtcNow());
        }
    }

    private void EndLine(int status)
    {
        if (_line is null || _features is { Settings.IsNotLogged: true })
        {
            DropLine();
            return;
        }

        if (worker.Surroundings.AccessLog is { IsCombined: true } combined)
        {
            combined.Add(_line.AsSpan(0, _lineLength == 0 ? 0 : CombinedLine.End(_line, _lineLength, status, _bytes)));
            DropLine();
            return;
        }

        Span<byte> id = stackalloc byte[32];
        WriteId(id);
        Span<byte> upstream = stackalloc byte[64];
        var endpoint = _endpoint?.ToString() ?? "";
        var length = _lineLength == 0 ? 0 : AccessLine.End(
            _line, _lineLength, status, _bytes, worker.Surroundings.Time.GetElapsedTime(_startedAt).TotalSeconds, upstream[..Encoding.ASCII.GetBytes(endpoint, upstream)], _idHigh == 0 ? default : id);
        worker.Surroundings.AccessLog?.Add(_line.AsSpan(0, length));
        DropLine();
    }

    private void DropLine()
    {
        if (_line is not null)
        {
            worker.Buffers.Return(_line);
            _line = null;
        }
    }
}
