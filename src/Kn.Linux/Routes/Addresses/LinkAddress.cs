using System.Globalization;
using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>An address of a link.</summary>
/// <remarks>RTM_NEWADDR, rtnetlink(7); uapi/linux/if_addr.h.</remarks>
public sealed record LinkAddress
{
    /// <summary>The address itself.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Length of the prefix that is on the link, in bits.</summary>
    public required byte PrefixLength { get; init; }

    /// <summary>The link that has it; 0 in one that is to be added, which names its link beside.</summary>
    public int LinkIndex { get; init; }

    /// <summary>How far the address is valid. Default: global.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>The other end's address of a point-to-point link.</summary>
    public IpAddress? Peer { get; init; }

    /// <summary>Flags such as <see cref="LinkAddressFlags.NoDuplicateDetection"/>, which an IPv6 address needs to be usable at once.</summary>
    public LinkAddressFlags Flags { get; init; }

    /// <summary>As ip(8) prints it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{PrefixLength}");
}

/// <summary>Properties of an address.</summary>
/// <remarks>IFA_F_*, uapi/linux/if_addr.h; bits without a name here are kept.</remarks>
[Flags]
public enum LinkAddressFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>IFA_F_SECONDARY: another of the same prefix came first.</summary>
    Secondary = 0x1,

    /// <summary>IFA_F_NODAD: IPv6 only; use it at once, without looking for a duplicate.</summary>
    NoDuplicateDetection = 0x2,

    /// <summary>IFA_F_OPTIMISTIC: usable while duplicates are looked for.</summary>
    Optimistic = 0x4,

    /// <summary>IFA_F_DADFAILED: somebody else has it.</summary>
    Duplicate = 0x8,

    /// <summary>IFA_F_DEPRECATED: not for new connections.</summary>
    Deprecated = 0x20,

    /// <summary>IFA_F_TENTATIVE: not usable yet.</summary>
    Tentative = 0x40,

    /// <summary>IFA_F_PERMANENT: without an end; the kernel sets it.</summary>
    Permanent = 0x80,

    /// <summary>IFA_F_NOPREFIXROUTE: make no route to the prefix.</summary>
    NoPrefixRoute = 0x200,
}
