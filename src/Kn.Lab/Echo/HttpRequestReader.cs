using System.Net.Sockets;
using System.Text;

namespace Kn.Lab.Echo;

/// <summary>Reads the requests of one connection, one after the other; bytes of the next request stay in the buffer.</summary>
/// <remarks>RFC 9112 §2 to §6, as much as GET needs: a body of known length is skipped.</remarks>
internal sealed class HttpRequestReader(Socket socket)
{
    private const int MaxHeadBytes = 16 * 1024;
    private readonly byte[] _buffer = new byte[MaxHeadBytes];
    private int _count;

    /// <summary>The next request; null when the client closed the connection between two requests.</summary>
    /// <exception cref="InvalidDataException">Not HTTP, or a head that is too long.</exception>
    public async Task<HttpRequestHead?> ReadAsync(CancellationToken cancellationToken)
    {
        int end;
        while ((end = _buffer.AsSpan(0, _count).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_count == _buffer.Length)
            {
                throw new InvalidDataException($"a request head of more than {MaxHeadBytes} bytes");
            }

            var read = await socket.ReceiveAsync(_buffer.AsMemory(_count), cancellationToken);
            if (read == 0)
            {
                return _count == 0 ? null : throw new InvalidDataException("the connection ended inside a request");
            }

            _count += read;
        }

        var lines = Encoding.Latin1.GetString(_buffer, 0, end).Split("\r\n");
        Drop(end + 4);
        await SkipBodyAsync(lines, cancellationToken);
        return Parse(lines);
    }

    private static HttpRequestHead Parse(string[] lines)
    {
        if (lines[0].Split(' ') is not [var method, var target, var version] || !version.StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            throw new InvalidDataException("not a request line of HTTP/1");
        }

        var connection = Header(lines, "Connection") ?? "";
        var keepAlive = version == "HTTP/1.0"
            ? connection.Contains("keep-alive", StringComparison.OrdinalIgnoreCase)
            : !connection.Contains("close", StringComparison.OrdinalIgnoreCase);
        return new HttpRequestHead(method, target, keepAlive);
    }

    private static string? Header(string[] lines, string name) => lines
        .Skip(1)
        .Where(line => line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    private async Task SkipBodyAsync(string[] lines, CancellationToken cancellationToken)
    {
        if (Header(lines, "Transfer-Encoding") is not null)
        {
            throw new InvalidDataException("chunked requests are not understood here");
        }

        var text = Header(lines, "Content-Length") ?? "0";
        if (!long.TryParse(text, System.Globalization.NumberStyles.None, null, out var left))
        {
            throw new InvalidDataException("a Content-Length that is no number");
        }

        while (left > 0)
        {
            if (_count == 0)
            {
                _count = await socket.ReceiveAsync(_buffer, cancellationToken);
                if (_count == 0)
                {
                    throw new InvalidDataException("the connection ended inside a body");
                }
            }

            var skipped = (int)Math.Min(left, _count);
            Drop(skipped);
            left -= skipped;
        }
    }

    private void Drop(int count)
    {
        _buffer.AsSpan(count, _count - count).CopyTo(_buffer);
        _count -= count;
    }
}

/// <summary>The head of one HTTP/1.x request.</summary>
/// <param name="Method">GET, HEAD, …</param>
/// <param name="Target">The request target: path and query.</param>
/// <param name="KeepAlive">Whether the client wants the connection to stay.</param>
internal sealed record HttpRequestHead(string Method, string Target, bool KeepAlive);
