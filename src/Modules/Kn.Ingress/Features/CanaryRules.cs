using System.Text;
using Kn.Ingress.Patterns;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Features;

/// <summary>Decides which requests go to a canary: a field before a cookie, a cookie before chance, as ingress-nginx does. Immutable.</summary>
internal sealed class CanaryRules
{
    private readonly CanarySettings _settings;
    private readonly byte[]? _header;
    private readonly byte[]? _value;
    private readonly byte[]? _cookie;
    private readonly Pattern? _pattern;

    /// <summary>The rules of settings.</summary>
    public CanaryRules(CanarySettings settings)
    {
        _settings = settings;
        _header = settings.Header is { } header ? Encoding.ASCII.GetBytes(header.ToLowerInvariant()) : null;
        _value = settings.HeaderValue is { } value ? Encoding.UTF8.GetBytes(value) : null;
        _cookie = settings.Cookie is { } cookie ? Encoding.ASCII.GetBytes(cookie) : null;
        _pattern = settings.HeaderPattern is { } pattern && settings.HeaderValue is null ? Pattern.ForAnywhere(pattern) : null;
    }

    /// <summary>Whether a request goes there.</summary>
    /// <param name="request">The request.</param>
    /// <param name="scratch">Room for patterns.</param>
    /// <param name="random">A random number.</param>
    public bool Takes(in RequestView request, PatternScratch scratch, ulong random)
    {
        var said = _header is null ? default : request.Field(_header);
        if (!said.IsEmpty && SaysField(said, scratch) is { } byField)
        {
            return byField;
        }

        var cookie = _cookie is null ? default : request.Cookie(_cookie);
        if (cookie.SequenceEqual("always"u8))
        {
            return true;
        }

        return !cookie.SequenceEqual("never"u8) && (long)(random % (ulong)_settings.Total) < _settings.Weight;
    }

    private bool? SaysField(ReadOnlySpan<byte> said, PatternScratch scratch)
    {
        if (_value is not null)
        {
            return said.SequenceEqual(_value) ? true : null;
        }

        if (_pattern is not null)
        {
            Span<int> places = stackalloc int[_pattern.Places];
            return _pattern.IsMatch(said, scratch, places) ? true : null;
        }

        return said.SequenceEqual("always"u8) ? true : said.SequenceEqual("never"u8) ? false : null;
    }
}
