using Kn.Kubernetes.Api;
using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>networking.k8s.io/v1 Ingress.</summary>
public sealed record Ingress : KubernetesObject
{
    /// <summary>spec.ingressClassName; null where it is absent, which is not the same as empty.</summary>
    public string? ClassName { get; init; }

    /// <summary>spec.defaultBackend: where requests go that no rule matches.</summary>
    public IngressBackend? DefaultBackend { get; init; }

    /// <summary>spec.rules.</summary>
    public ValueList<IngressRule> Rules { get; init; }

    /// <summary>spec.tls.</summary>
    public ValueList<IngressTls> Tls { get; init; }

    /// <summary>status.loadBalancer.ingress: where clients find it, as its controller has written.</summary>
    public ValueList<LoadBalancerEntry> LoadBalancer { get; init; }

    /// <summary>The hosts that an entry of <see cref="Tls"/> is for, in lower case: those that it names, or those of the rules where it names none.</summary>
    public IReadOnlyList<string> HostsOf(IngressTls entry)
    {
        var hosts = new List<string>();
        foreach (var host in entry.Hosts)
        {
            hosts.Add(host.ToLowerInvariant());
        }

        foreach (var rule in entry.Hosts.IsEmpty ? Rules : default)
        {
            if (rule.Host.Length > 0)
            {
                hosts.Add(rule.Host.ToLowerInvariant());
            }
        }

        return hosts;
    }

    /// <summary>Every backend that it names, the default one first.</summary>
    public IReadOnlyList<IngressBackend> Backends
    {
        get
        {
            List<IngressBackend> backends = DefaultBackend is null ? [] : [DefaultBackend];
            foreach (var rule in Rules)
            {
                foreach (var path in rule.Paths)
                {
                    backends.Add(path.Backend);
                }
            }

            return backends;
        }
    }
}

/// <summary>Paths of one host (IngressRule).</summary>
/// <param name="Host">The host, such as example.org or *.example.org; empty for every host.</param>
/// <param name="Paths">http.paths; empty sends all to the default backend.</param>
public sealed record IngressRule(string Host, ValueList<IngressPath> Paths);

/// <summary>A path and where it leads (HTTPIngressPath).</summary>
/// <param name="Path">The path; empty where it is absent, which stands for every path.</param>
/// <param name="Type">How it matches.</param>
/// <param name="Backend">Where it leads.</param>
public sealed record IngressPath(string Path, IngressPathType Type, IngressBackend Backend);

/// <summary>How a path matches (PathType).</summary>
public enum IngressPathType
{
    /// <summary>As the controller likes; also for a type that this version does not know.</summary>
    ImplementationSpecific,

    /// <summary>The whole path, with its case.</summary>
    Exact,

    /// <summary>The path's first elements.</summary>
    Prefix,
}

/// <summary>Where requests go (IngressBackend): a port of a Service of the same namespace.</summary>
/// <param name="Service">service.name; empty for a backend that is no Service.</param>
/// <param name="PortNumber">service.port.number.</param>
/// <param name="PortName">service.port.name, in place of the number.</param>
/// <param name="Resource">resource, as kind/name, in place of the Service.</param>
public sealed record IngressBackend(string Service = "", ushort? PortNumber = null, string? PortName = null, string? Resource = null)
{
    /// <inheritdoc/>
    public override string ToString() => Resource ?? (PortName is null ? $"{Service}:{PortNumber}" : $"{Service}:{PortName}");
}

/// <summary>Hosts that are served by TLS with the certificate of a Secret (IngressTLS).</summary>
/// <param name="Hosts">The hosts; empty for those of the Ingress.</param>
/// <param name="SecretName">A Secret of the same namespace; null for the controller's own certificate.</param>
public sealed record IngressTls(ValueList<string> Hosts, string? SecretName);
