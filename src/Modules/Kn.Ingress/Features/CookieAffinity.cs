using System.Buffers.Text;
using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Features;

/// <summary>Keeps a client with its endpoint by a cookie, whose value is <see cref="EndpointHash"/> of the endpoint: on every node the same. Immutable.</summary>
internal sealed class CookieAffinity
{
    private readonly byte[] _name;
    private readonly byte[] _attributes;

    /// <summary>The affinity of settings.</summary>
    public CookieAffinity(AffinitySettings settings)
    {
        Settings = settings;
        _name = Encoding.ASCII.GetBytes(settings.Name);
        _attributes = Encoding.UTF8.GetBytes(settings.Attributes);
    }

    /// <summary>What it was made of.</summary>
    public AffinitySettings Settings { get; }

    /// <summary>The endpoint that a request's cookie names; 0 for none.</summary>
    public ulong Wanted(in RequestView request) =>
        request.Cookie(_name) is { Length: 16 } value && Utf8Parser.TryParse(value, out ulong id, out var length, 'x') && length == 16 ? id : 0;

    /// <summary>Writes the line that names an endpoint from now on.</summary>
    public void Write(ref HeadWriter writer, ulong endpoint)
    {
        Span<byte> value = stackalloc byte[16];
        _ = Utf8Formatter.TryFormat(endpoint, value, out _, new System.Buffers.StandardFormat('x', 16));
        writer.Write("Set-Cookie: "u8);
        writer.Write(_name);
        writer.Write("="u8);
        writer.Write(value);
        writer.Field(""u8, _attributes);
    }
}
