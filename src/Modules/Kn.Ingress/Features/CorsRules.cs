using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Features;

/// <summary>Says what pages of other origins may do (Fetch §3.2). Immutable.</summary>
internal sealed class CorsRules
{
    private readonly CorsSettings _settings;
    private readonly byte[] _common;
    private readonly bool _allowsAll;

    /// <summary>The rules of settings.</summary>
    public CorsRules(CorsSettings settings)
    {
        _settings = settings;
        _allowsAll = settings.Origins.Contains("*");
        var lines = new StringBuilder();
        lines.Append($"Access-Control-Allow-Methods: {settings.Methods}\r\nAccess-Control-Allow-Headers: {settings.Headers}\r\nAccess-Control-Max-Age: {settings.MaxAge}\r\n");
        lines.Append(settings.AllowsCredentials ? "Access-Control-Allow-Credentials: true\r\n" : "");
        lines.Append(settings.ExposedHeaders.Length > 0 ? $"Access-Control-Expose-Headers: {settings.ExposedHeaders}\r\n" : "");
        _common = Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>Writes the lines that an answer to this origin gets; none for one that is not allowed.</summary>
    public void Write(ref HeadWriter writer, scoped ReadOnlySpan<byte> origin)
    {
        if (_allowsAll)
        {
            writer.Write("Access-Control-Allow-Origin: *\r\n"u8);
            writer.Write(_common);
        }
        else if (!origin.IsEmpty && IsAllowed(origin))
        {
            writer.Field("Access-Control-Allow-Origin: "u8, origin);
            writer.Write(_common);
            writer.Write("Vary: Origin\r\n"u8);
        }
    }

    private bool IsAllowed(ReadOnlySpan<byte> origin)
    {
        foreach (var allowed in _settings.Origins)
        {
            var star = allowed.IndexOf('*', StringComparison.Ordinal);
            if (star < 0 ? Ascii.EqualsIgnoreCase(origin, allowed) : IsBelow(origin, allowed.AsSpan(0, star), allowed.AsSpan(star + 1)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The star stands for one label.</summary>
    private static bool IsBelow(ReadOnlySpan<byte> origin, ReadOnlySpan<char> before, ReadOnlySpan<char> after)
    {
        var length = origin.Length - before.Length - after.Length;
        return length > 0 && Ascii.EqualsIgnoreCase(origin[..before.Length], before) && Ascii.EqualsIgnoreCase(origin[^after.Length..], after)
            && !origin.Slice(before.Length, length).ContainsAny("./:@"u8);
    }
}
