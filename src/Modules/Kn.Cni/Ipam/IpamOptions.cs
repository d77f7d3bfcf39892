using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>How pods get their addresses, config section <c>cni.ipam</c>.</summary>
public sealed record IpamOptions
{
    /// <summary>Longest cool-down: the journal remembers freed addresses for this long.</summary>
    public static readonly TimeSpan MaxCoolDown = TimeSpan.FromHours(1);

    /// <summary>Addresses that no pod gets, even if it asks for them: what other things on the node or in the network use. Single addresses, prefixes and
    /// ranges; outside the node's podCIDRs they mean nothing, so one list does for all nodes. Default none.</summary>
    public ValueList<IpRange> Reserved { get; init; }

    /// <summary>How long a freed address is left alone. Default 30 s: as long as peers go on sending to a pod that is gone (DNS answers of 5 to 30 s,
    /// connections in the middle of their retries, conntrack entries of UDP).</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reports what is wrong.</summary>
    /// <param name="errors">Where to.</param>
    /// <param name="path">The section's C# name.</param>
    internal void Validate(OptionErrors errors, string path) =>
        errors.Require(CoolDown >= TimeSpan.Zero && CoolDown <= MaxCoolDown, $"{path}.{nameof(CoolDown)}", "must be from 0s (none) to 1h");
}
