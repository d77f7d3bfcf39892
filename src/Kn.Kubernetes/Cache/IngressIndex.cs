using System.Collections.Immutable;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>Which Ingresses concern a host, or a Service. A host may be shared by thousands of them, so each has a map of its own: a change
/// costs the change.</summary>
public static class IngressIndex
{
    internal static ImmutableDictionary<TKey, ImmutableDictionary<ObjectKey, Ingress>> Empty<TKey>()
        where TKey : notnull => ImmutableDictionary<TKey, ImmutableDictionary<ObjectKey, Ingress>>.Empty;

    /// <summary>Each host once, in lower case, with those that annotations name. A default backend without rules is for every host.</summary>
    public static HashSet<string> HostsOf(Ingress ingress)
    {
        var hosts = new HashSet<string>();
        if (ingress.DefaultBackend is not null && ingress.Rules.IsEmpty)
        {
            hosts.Add("");
        }

        foreach (var rule in ingress.Rules)
        {
            hosts.Add(rule.Host.ToLowerInvariant());
        }

        if (ingress.Metadata.Annotations.Count > 0)
        {
            hosts.UnionWith(IngressReferences.Aliases(ingress));
            hosts.UnionWith(IngressReferences.WwwHosts(ingress).Select(static pair => pair.From));
        }

        return hosts;
    }

    /// <summary>Each host that it asks TLS for once, in lower case: an entry without hosts is for those of its rules.</summary>
    public static HashSet<string> TlsHostsOf(Ingress ingress)
    {
        var hosts = new HashSet<string>();
        foreach (var entry in ingress.Tls)
        {
            foreach (var host in ingress.HostsOf(entry))
            {
                hosts.Add(host);
            }
        }

        return hosts;
    }

    /// <summary>Each Secret that it has certificates from once.</summary>
    public static HashSet<ObjectKey> SecretsOf(Ingress ingress)
    {
        var secrets = new HashSet<ObjectKey>();
        foreach (var entry in ingress.Tls)
        {
            if (entry.SecretName is { Length: > 0 } name)
            {
                secrets.Add(new ObjectKey(ingress.Metadata.Namespace, name));
            }
        }

        return secrets;
    }

    /// <summary>Each Service once.</summary>
    public static HashSet<ObjectKey> ServicesOf(Ingress ingress)
    {
        var services = new HashSet<ObjectKey>();
        foreach (var backend in ingress.Backends)
        {
            if (backend.Service.Length > 0)
            {
                services.Add(new ObjectKey(ingress.Metadata.Namespace, backend.Service));
            }
        }

        if (IngressReferences.AuthService(ingress) is { } auth)
        {
            services.Add(auth.Service);
        }

        return services;
    }

    /// <summary>Takes one Ingress from the places that it had, and puts it into those that it has now.</summary>
    internal static void Change<TKey>(
        ImmutableDictionary<TKey, ImmutableDictionary<ObjectKey, Ingress>>.Builder index, Ingress? before, Ingress? after, Func<Ingress, HashSet<TKey>> keys)
        where TKey : notnull
    {
        var now = after is null ? [] : keys(after);
        if (before is not null)
        {
            foreach (var key in keys(before))
            {
                if (!now.Contains(key) && index.TryGetValue(key, out var held))
                {
                    var rest = held.Remove(before.Key);
                    if (rest.IsEmpty)
                    {
                        index.Remove(key);
                    }
                    else
                    {
                        index[key] = rest;
                    }
                }
            }
        }

        foreach (var key in now)
        {
            var held = index.TryGetValue(key, out var found) ? found : ImmutableDictionary<ObjectKey, Ingress>.Empty;
            index[key] = held.SetItem(after!.Key, after);
        }
    }
}
