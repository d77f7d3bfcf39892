using System.Globalization;
using System.Text;
using Kn.Ingress.Proxying;
using Kn.Primitives;

namespace Kn.Ingress.Http;

/// <summary>What a proxy knows of a client's connection, as it tells backends; made once a connection.</summary>
internal sealed class ClientIdentity
{
    /// <summary>The client's address in text.</summary>
    public required byte[] Address { get; init; }

    /// <summary>The address as Forwarded has it: IPv6 in brackets and quotes (RFC 7239 §6).</summary>
    public required byte[] ForwardedFor { get; init; }

    /// <summary>The port that the client came to, in text.</summary>
    public required byte[] Port { get; init; }

    /// <summary>Whether the client came by TLS.</summary>
    public required bool IsTls { get; init; }

    /// <summary>Whether what the client says of those before it is believed.</summary>
    public required bool IsTrusted { get; init; }

    /// <summary>Whether answers tell it to come by TLS alone from now on (HSTS, RFC 6797).</summary>
    public bool IsStrict { get; init; }

    /// <summary>http or https.</summary>
    public ReadOnlySpan<byte> Scheme => IsTls ? "https"u8 : "http"u8;

    /// <summary>What there is to know of a client that came so.</summary>
    public static ClientIdentity Of(Arrival arrival, ProxySettings settings)
    {
        var text = arrival.Address.ToString();
        var isTrusted = false;
        foreach (var prefix in settings.Trusted)
        {
            isTrusted |= prefix.Contains(arrival.Address);
        }

        return new ClientIdentity
        {
            Address = Encoding.ASCII.GetBytes(text),
            ForwardedFor = Encoding.ASCII.GetBytes(arrival.Address.Family == IpFamily.V6 ? $"\"[{text}]\"" : text),
            Port = Encoding.ASCII.GetBytes(arrival.Port.ToString(CultureInfo.InvariantCulture)),
            IsTls = arrival.IsTls,
            IsTrusted = isTrusted,

            // A certificate that the client has to make an exception for is no promise that can be kept.
            IsStrict = arrival.IsTls && arrival.HasOwnCertificate && settings.StrictTransport.Length > 0,
        };
    }
}
