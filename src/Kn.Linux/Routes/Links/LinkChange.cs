using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>What to change of a link; null leaves a property as it is.</summary>
public sealed record LinkChange
{
    /// <summary>Switch on or off.</summary>
    public bool? Up { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public uint? Mtu { get; init; }

    /// <summary>New name; kernels before 6.2 want the link to be down.</summary>
    public string? Name { get; init; }

    /// <summary>Index of the bridge to be a port of; 0 to leave it.</summary>
    public int? Master { get; init; }

    /// <summary>Whether the bridge that it is a port of sends a frame back out of the port that it came by. EOPNOTSUPP
    /// for a link that is no port yet: give <see cref="Master"/> in an earlier change.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Ethernet address.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Free text; empty removes it.</summary>
    public string? Alias { get; init; }

    /// <summary>Group number.</summary>
    public uint? Group { get; init; }

    /// <summary>Source address of a VXLAN's outer packets, of the family that it has.</summary>
    public IpAddress? VxlanLocal { get; init; }

    /// <summary>Namespace to move it to.</summary>
    public NetworkNamespace? NetworkNamespace { get; init; }
}
