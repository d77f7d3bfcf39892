using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Tls;

/// <summary>Which Secret's certificate a host is served with. Pure.</summary>
/// <remarks>Where several Ingresses ask for a host, the older has it, then the one that sorts first; a Secret that is broken does not count, so that it harms no
/// host but its own.</remarks>
internal static class CertificatePlan
{
    /// <summary>The certificate; null where there is none, and that for all hosts is shown.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="host">In lower case.</param>
    /// <param name="classes">Whose Ingresses count.</param>
    /// <param name="secrets">Reads Secrets.</param>
    /// <param name="problems">Is told what is not done.</param>
    public static HostCertificate? Plan(ClusterSnapshot cluster, string host, ClassRules classes, SecretCertificates secrets, Problems problems)
    {
        var ingresses = cluster.IngressesWithTls(host).Where(ingress => classes.IsOurs(cluster, ingress)).ToList();
        ingresses.Sort(Seniority.Compare);
        HostCertificate? chosen = null;
        IngressObject? owner = null;
        foreach (var ingress in ingresses)
        {
            foreach (var secret in SecretsFor(ingress, host))
            {
                if (chosen is not null)
                {
                    Compare(ingress, host, secret, chosen, owner, problems);
                }
                else if ((chosen = Read(cluster, ingress, host, secret, secrets, problems)) is not null)
                {
                    owner = ingress;
                }
            }
        }

        return chosen;
    }

    /// <summary>The certificate for all hosts that have none of their own, from a Secret.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="secret">The Secret.</param>
    /// <param name="secrets">Reads Secrets.</param>
    /// <returns>Null when it has none.</returns>
    public static HostCertificate? PlanDefault(ClusterSnapshot cluster, ObjectKey secret, SecretCertificates secrets) =>
        cluster.Secrets.Find(secret) is { } found && secrets.Read(found).Certificate is { } certificate ? new HostCertificate(secret, certificate) : null;

    private static List<ObjectKey> SecretsFor(IngressObject ingress, string host)
    {
        var secrets = new List<ObjectKey>();
        foreach (var entry in ingress.Tls)
        {
            if (entry.SecretName is { Length: > 0 } name && ingress.HostsOf(entry).Contains(host))
            {
                secrets.Add(new ObjectKey(ingress.Metadata.Namespace, name));
            }
        }

        return secrets;
    }

    private static void Compare(IngressObject ingress, string host, ObjectKey secret, HostCertificate chosen, IngressObject? owner, Problems problems)
    {
        if (secret != chosen.Secret)
        {
            problems.Add(ingress, owner is null || owner.Key == ingress.Key
                ? $"host '{host}' is not served with Secret {secret}: it comes after {chosen.Secret} in the same Ingress"
                : $"host '{host}' is not served with Secret {secret}: the older Ingress {owner.Key} has it");
        }
    }

    private static HostCertificate? Read(ClusterSnapshot cluster, IngressObject ingress, string host, ObjectKey secret, SecretCertificates secrets, Problems problems)
    {
        if (cluster.Secrets.Find(secret) is not { } found)
        {
            problems.Add(ingress, $"Secret {secret} does not exist, or is not of type {Secret.TlsType}: clients of host '{host}' are shown the default certificate");
            return null;
        }

        var (certificate, problem) = secrets.Read(found);
        if (certificate is null)
        {
            problems.Add(ingress, $"Secret {secret} has no certificate that can be used, {problem}: clients of host '{host}' are shown the default certificate");
            return null;
        }

        if (!certificate.IsFor(host))
        {
            problems.Add(ingress, $"the certificate of Secret {secret} is not for host '{host}': clients will refuse it");
        }

        return new HostCertificate(secret, certificate);
    }
}
