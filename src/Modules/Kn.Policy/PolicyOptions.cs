using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Policy;

/// <summary>Settings of NetworkPolicy, config section <c>policy</c>.</summary>
public sealed record PolicyOptions : IModuleOptions
{
    /// <summary>Cut connections that a changed policy no longer allows. Default true: who takes a permission away means now. With false they go on
    /// until they end by themselves.</summary>
    public bool CutConnections { get; init; } = true;

    /// <summary>Apply egress policies also to what a pod sends to addresses of its own node (DNS excepted). Default false, as the API documents:
    /// traffic between a pod and its own node is always allowed.</summary>
    public bool GuardOwnNode { get; init; }

    /// <summary>Log packets that are dropped to NFLOG group 75, at most 50 a second in each direction, for <c>kn policy drops</c>. Default true: nobody is
    /// woken by it unless somebody listens. Where the kernel has no NFLOG the module goes on without.</summary>
    public bool LogDrops { get; init; } = true;

    /// <summary>Section <c>defaultDeny</c>: pods that no policy selects are isolated, too.</summary>
    public DefaultDenyOptions DefaultDeny { get; init; } = new();

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        for (var i = 0; i < DefaultDeny.ExemptNamespaces.Count; i++)
        {
            errors.Require(DefaultDeny.ExemptNamespaces[i].Length > 0, $"DefaultDeny.ExemptNamespaces[{i}]", "must be the name of a namespace");
        }
    }
}

/// <summary>Config section <c>policy.defaultDeny</c>.</summary>
public sealed record DefaultDenyOptions
{
    /// <summary>Isolate every pod in both directions, as if each namespace had a policy that selects all its pods and has no rules. Default false:
    /// Kubernetes' own rule is that pods without policies are open.</summary>
    public bool Enabled { get; init; }

    /// <summary>Namespaces whose pods stay open unless a policy selects them. Default kube-system: without it a cluster that is switched over
    /// loses what it stands on.</summary>
    public ValueList<string> ExemptNamespaces { get; init; } = ["kube-system"];
}
