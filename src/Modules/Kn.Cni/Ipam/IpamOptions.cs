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

    /// <summary>How often the agent looks for attachments that nobody needs any more. Default 1m; a namespace that goes is noticed at once anyway.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>For how long an attachment must look deserted (no process in its namespace, no such pod in the API) before it is collected.
    /// Default 5m: longer than a kubelet or a runtime takes to restart and send the DEL itself.</summary>
    public TimeSpan CollectAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Reports what is wrong.</summary>
    /// <param name="errors">Where to.</param>
    /// <param name="path">The section's C# name.</param>
    internal void Validate(OptionErrors errors, string path)
    {
        errors.Require(CoolDown >= TimeSpan.Zero && CoolDown <= MaxCoolDown, $"{path}.{nameof(CoolDown)}", "must be from 0s (none) to 1h");
        errors.Require(CollectInterval > TimeSpan.Zero, $"{path}.{nameof(CollectInterval)}", "must be longer than zero");
        errors.Require(CollectAfter > TimeSpan.Zero, $"{path}.{nameof(CollectAfter)}", "must be longer than zero");
    }
}
