using Kn.Hosting.Options;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress;

/// <summary>What Ingresses say of where they are found (<c>kubectl get ingress</c>, ADDRESS), config section <c>ingress.publish</c>.</summary>
public sealed record PublishOptions
{
    /// <summary>Whether it is written. Default true: one node does it for the cluster.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Addresses or host names that are written. Default none, which stands for those of <see cref="Service"/>.</summary>
    public ValueList<string> Addresses { get; init; }

    /// <summary>A Service of type LoadBalancer before the nodes, as NAMESPACE/NAME, whose addresses are written. Default none, which stands for those of
    /// the nodes that are ready: their ExternalIPs, or their InternalIPs where they have none.</summary>
    public string Service { get; init; } = "";

    /// <summary>The Service; null for none.</summary>
    internal ObjectKey? ServiceKey =>
        Service.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? new ObjectKey(Service[..slash], Service[(slash + 1)..]) : null;

    internal void Validate(OptionErrors errors)
    {
        errors.Require(Service.Length == 0 || (Service.Split('/') is [{ Length: > 0 }, { Length: > 0 }]), "Publish.Service", "must be NAMESPACE/NAME, or empty");
        foreach (var address in Addresses)
        {
            errors.Require(address.Length is > 0 and <= 253 && !address.AsSpan().ContainsAny(' ', '/', ','), "Publish.Addresses", $"'{address}' is neither an address nor a host name");
        }
    }
}
