using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tls;

/// <summary>Drives what clients are shown to what the cluster's Ingresses and Secrets ask for, a host at a time.</summary>
/// <param name="live">What clients are shown.</param>
/// <param name="classes">Whose Ingresses count.</param>
/// <param name="standard">The Secret with the certificate for all other hosts; null for none.</param>
/// <param name="events">Tells the owners of Ingresses what is not done.</param>
internal sealed class CertificateTarget(LiveCertificates live, ClassRules classes, ObjectKey? standard, CertificateEvents? events) : ITarget<string, HostCertificate>
{
    private readonly SecretCertificates _secrets = new();

    /// <inheritdoc/>
    public string Name => "certificates";

    /// <inheritdoc/>
    public IEnumerable<string> Keys(ClusterSnapshot cluster) => standard is null ? cluster.IngressTlsHosts : cluster.IngressTlsHosts.Append(LiveCertificates.Default);

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys)
    {
        switch (change.Object)
        {
            case IngressClass:
                // Any Ingress may have become ours, or ceased to be.
                keys.UnionWith(cluster.IngressTlsHosts);
                break;
            case Secret secret:
                AddHosts(cluster.IngressesWithSecret(secret.Key), keys);
                if (secret.Key == standard)
                {
                    keys.Add(LiveCertificates.Default);
                }

                break;
            case IngressObject:
                AddHosts(change.Before is IngressObject before ? [before] : [], keys);
                AddHosts(change.After is IngressObject after ? [after] : [], keys);
                break;
        }
    }

    /// <inheritdoc/>
    public HostCertificate? Plan(ClusterSnapshot cluster, string key, Problems problems)
    {
        if (key == LiveCertificates.Default)
        {
            return standard is { } secret ? CertificatePlan.PlanDefault(cluster, secret, _secrets) : null;
        }

        var found = new Problems();
        var certificate = CertificatePlan.Plan(cluster, key, classes, _secrets, found);
        foreach (var problem in found.All)
        {
            if (cluster.Ingresses.Find(problem.Key) is { } ingress)
            {
                problems.Add(ingress, problem.Message);
            }
        }

        events?.See(cluster, key, found.All);
        return certificate;
    }

    /// <inheritdoc/>
    public Task<ValueMap<string, HostCertificate>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(live.Pieces);

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<string, HostCertificate> changes, CancellationToken cancellationToken)
    {
        live.Apply(changes.All);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Settled() => events?.Tell();

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static void AddHosts(IEnumerable<IngressObject> ingresses, ISet<string> keys)
    {
        foreach (var ingress in ingresses)
        {
            foreach (var entry in ingress.Tls)
            {
                keys.UnionWith(ingress.HostsOf(entry));
            }
        }
    }
}
