using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.LoadBalancer;

/// <summary>Addresses for Services of type LoadBalancer, config section <c>loadBalancer</c>: the same on every node.</summary>
public sealed record LoadBalancerOptions : IModuleOptions
{
    /// <summary>The <c>spec.loadBalancerClass</c> that is Kn's. Services of any other class are left alone.</summary>
    public string ClassName { get; init; } = "kn.internal/load-balancer";

    /// <summary>Also serve Services that name no class. Default true, as MetalLB: on bare metal nobody else does.</summary>
    public bool ServicesWithoutClass { get; init; } = true;

    /// <summary>Also announce by nodes with the label <c>node.kubernetes.io/exclude-from-external-load-balancers</c>. Default false; kubeadm puts it
    /// on control-plane nodes, so a cluster that has no others wants true.</summary>
    public bool UseExcludedNodes { get; init; }

    /// <summary>Where addresses come from. Default none: nothing is given out.</summary>
    [JsonConverter(typeof(ValueListConverter<PoolOptions>))]
    public ValueList<PoolOptions> Pools { get; init; }

    /// <summary>Section <c>heartbeat</c>: how nodes notice that one of them is gone.</summary>
    public HeartbeatOptions Heartbeat { get; init; } = new();

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        errors.Require(ClassName.Length > 0, nameof(ClassName), "must be a name such as kn.internal/load-balancer");
        for (var i = 0; i < Pools.Count; i++)
        {
            var pool = Pools[i];
            pool.Validate(errors, $"{nameof(Pools)}[{i}]");
            for (var j = 0; j < i; j++)
            {
                var other = Pools[j];
                errors.Require(pool.Name != other.Name, $"{nameof(Pools)}[{i}].{nameof(PoolOptions.Name)}", $"'{pool.Name}' is another pool's name too");
                errors.Require(
                    !pool.Addresses.Any(range => other.Addresses.Any(range.Overlaps)),
                    $"{nameof(Pools)}[{i}].{nameof(PoolOptions.Addresses)}",
                    $"must not overlap those of the pool '{other.Name}'");
            }
        }

        Heartbeat.Validate(errors, nameof(Heartbeat));
    }
}
