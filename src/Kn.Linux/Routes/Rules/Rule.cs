using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>A routing rule: which packets consult which table.</summary>
/// <remarks>ip-rule(8); struct fib_rule_hdr, uapi/linux/fib_rules.h. Null leaves a selector open.</remarks>
public sealed record Rule
{
    /// <summary>The family whose packets it sees.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Rules are tried from the lowest number; the kernel's own are 0, 32766 and 32767.</summary>
    public required uint Priority { get; init; }

    /// <summary>What to do. Default: consult <see cref="Table"/>.</summary>
    public RuleAction Action { get; init; } = RuleAction.Lookup;

    /// <summary>The table to consult. Default: main.</summary>
    public RouteTable Table { get; init; } = RouteTable.Main;

    /// <summary>Source of the packet.</summary>
    public IpPrefix? Source { get; init; }

    /// <summary>Destination of the packet.</summary>
    public IpPrefix? Destination { get; init; }

    /// <summary>The packet's mark, after <see cref="MarkMask"/>.</summary>
    public uint? Mark { get; init; }

    /// <summary>Which bits of the mark count. Default: all.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>Name of the link that the packet came by; "lo" for those made here.</summary>
    public string? InLink { get; init; }

    /// <summary>Name of the link that the socket is bound to.</summary>
    public string? OutLink { get; init; }

    /// <summary>Matches the packets that the selectors do not match.</summary>
    public bool Inverted { get; init; }

    /// <summary>Ignore what the lookup finds when its prefix is this long or shorter; 0 ignores default routes.</summary>
    public uint? SuppressPrefixLength { get; init; }

    /// <summary>Who made it, RTPROT_*. Default: static.</summary>
    public byte Protocol { get; init; } = Route.StaticProtocol;
}

/// <summary>What a rule does.</summary>
/// <remarks>FR_ACT_*, uapi/linux/fib_rules.h.</remarks>
public enum RuleAction : byte
{
    /// <summary>FR_ACT_TO_TBL: consult a table.</summary>
    Lookup = 1,

    /// <summary>FR_ACT_GOTO: go on with another rule.</summary>
    Goto = 2,

    /// <summary>FR_ACT_NOP: nothing.</summary>
    Nothing = 3,

    /// <summary>FR_ACT_BLACKHOLE: drop.</summary>
    Blackhole = 6,

    /// <summary>FR_ACT_UNREACHABLE: refuse, unreachable.</summary>
    Unreachable = 7,

    /// <summary>FR_ACT_PROHIBIT: refuse, prohibited.</summary>
    Prohibit = 8,
}
