using System.Globalization;
using System.Text;
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

    /// <summary>http or https.</summary>
    public ReadOnlySpan<byte> Scheme => IsTls ? "https"u8 : "http"u8;

    /// <summary>What is known of a client.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="port">The port that it came to.</param>
    /// <param name="isTls">Whether it came by TLS.</param>
    /// <param name="trusted">Who is believed.</param>
    public static ClientIdentity Of(IpAddress address, ushort port, bool isTls, ValueList<IpPrefix> trusted)
    {
        var text = address.ToString();
        var isTrusted = false;
        foreach (var prefix in trusted)
        {
            isTrusted |= prefix.Contains(address);
        }

        return new ClientIdentity
        {
            Address = Encoding.ASCII.GetBytes(text),
            ForwardedFor = Encoding.ASCII.GetBytes(address.Family == IpFamily.V6 ? $"\"[{text}]\"" : text),
            Port = Encoding.ASCII.GetBytes(port.ToString(CultureInfo.InvariantCulture)),
            IsTls = isTls,
            IsTrusted = isTrusted,
        };
    }
}
