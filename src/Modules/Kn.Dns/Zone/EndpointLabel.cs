using System.Text;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>A label below a headless Service: the hostname of endpoints, or the address of one that has none.</summary>
internal readonly ref struct EndpointLabel
{
    private readonly ReadOnlySpan<byte> _label;
    private readonly bool _isAddress;
    private readonly IpAddress _address;

    /// <summary>Reads a label.</summary>
    public EndpointLabel(ReadOnlySpan<byte> label)
    {
        _label = label;
        _isAddress = DashedAddress.TryParse(label, out _address);
    }

    /// <summary>Whether it names that endpoint.</summary>
    public bool Names(in EndpointRecord endpoint) => endpoint.Hostname is { } hostname
        ? hostname.Length == _label.Length && Ascii.EqualsIgnoreCase(_label, hostname)
        : _isAddress && endpoint.Address == _address;

    /// <summary>Writes the label that names an endpoint, and returns its length.</summary>
    public static int Write(in EndpointRecord endpoint, Span<byte> destination) => endpoint.Hostname is { } hostname
        ? Encoding.ASCII.GetBytes(hostname, destination)
        : DashedAddress.Write(endpoint.Address, destination);
}
