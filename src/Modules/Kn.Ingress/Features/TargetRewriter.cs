using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Features;

/// <summary>Makes the target that a backend is asked for of a template such as /$2 and the captures of the route's pattern. Immutable.</summary>
internal sealed class TargetRewriter
{
    private readonly List<(byte[] Text, int Capture)> _parts = [];
    private readonly bool _hasQuery;

    /// <summary>A rewriter of a template.</summary>
    public TargetRewriter(string template)
    {
        var bytes = Encoding.UTF8.GetBytes(template);
        var start = 0;
        for (var at = 0; at + 1 < bytes.Length; at++)
        {
            if (bytes[at] == '$' && char.IsAsciiDigit((char)bytes[at + 1]))
            {
                _parts.Add((bytes[start..at], bytes[at + 1] - '0'));
                start = at + 2;
            }
        }

        _parts.Add((bytes[start..], 0));
        _hasQuery = template.Contains('?', StringComparison.Ordinal);
    }

    /// <summary>Whether a template uses captures, so that paths must be patterns.</summary>
    public static bool UsesCaptures(string template)
    {
        for (var at = template.IndexOf('$', StringComparison.Ordinal); at >= 0 && at + 1 < template.Length; at = template.IndexOf('$', at + 1))
        {
            if (char.IsAsciiDigit(template[at + 1]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes the target: the template with its captures, then the request's query.</summary>
    /// <returns>How long it is; 0 when it does not fit, or is no target.</returns>
    public int Write(Span<byte> destination, in RequestView request, ReadOnlySpan<int> places)
    {
        var writer = new HeadWriter(destination);
        foreach (var (text, capture) in _parts)
        {
            writer.Write(text);
            if (capture > 0 && capture * 2 < places.Length && places[capture * 2] >= 0)
            {
                writer.Write(request.Path[places[capture * 2]..places[(capture * 2) + 1]]);
            }
        }

        if (!request.Query.IsEmpty)
        {
            writer.Write(_hasQuery ? "&"u8 : "?"u8);
            writer.Write(request.Query);
        }

        // What captures are put together to must be as sound as what came.
        return !writer.IsFull && RequestPath.IsSound(destination[..writer.Length]) ? writer.Length : 0;
    }
}
