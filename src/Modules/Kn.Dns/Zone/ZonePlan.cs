using System.Text;
using Kn.Dns.Wire;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Decides what the zone says of each object. Pure.</summary>
/// <remarks>Kubernetes DNS-Based Service Discovery, schema version 1.1.0 (kubernetes/dns, docs/specification.md).</remarks>
internal static class ZonePlan
{
    /// <summary>Every object that has names, or may have.</summary>
    public static IEnumerable<DnsKey> Keys(ClusterSnapshot cluster, PodRecords pods)
    {
        foreach (var space in cluster.Namespaces)
        {
            yield return new DnsKey(DnsKeyKind.Namespace, space.Key);
        }

        foreach (var service in cluster.Services)
        {
            yield return new DnsKey(DnsKeyKind.Service, service.Key);
        }

        if (pods == PodRecords.Verified)
        {
            foreach (var pod in cluster.Pods)
            {
                yield return new DnsKey(DnsKeyKind.Pod, pod.Key);
            }
        }
    }

    /// <summary>Adds the keys that a change may alter.</summary>
    public static void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, PodRecords pods, ISet<DnsKey> keys)
    {
        switch (change.Object)
        {
            case Service service:
                keys.Add(new DnsKey(DnsKeyKind.Service, service.Key));
                break;
            case Namespace space when change.Before is null || change.After is null:
                keys.Add(new DnsKey(DnsKeyKind.Namespace, space.Key));
                break;
            case Pod pod when pods == PodRecords.Verified:
                keys.Add(new DnsKey(DnsKeyKind.Pod, pod.Key));
                break;
            case EndpointSlice:
                AddHeadless(cluster, change.Before as EndpointSlice, keys);
                AddHeadless(cluster, change.After as EndpointSlice, keys);
                break;
        }
    }

    /// <summary>What the zone says of that object; null when nothing.</summary>
    public static ZonePiece? Plan(ClusterSnapshot cluster, DnsKey key, Problems problems) => key.Kind switch
    {
        DnsKeyKind.Namespace => cluster.Namespaces.Find(key.Object) is null ? null : new NamespacePiece { Labels = LabelsOf(key.Object.Name) },
        DnsKeyKind.Pod => PlanPod(cluster.Pods.Find(key.Object)),
        _ => cluster.Services.Find(key.Object) is { } service ? PlanService(cluster, service, problems) : null,
    };

    private static void AddHeadless(ClusterSnapshot cluster, EndpointSlice? slice, ISet<DnsKey> keys)
    {
        // The names of other Services do not depend on their endpoints: most slices cost nothing here.
        if (slice?.Service is { } service && cluster.Services.Find(service) is { Headless: true })
        {
            keys.Add(new DnsKey(DnsKeyKind.Service, service));
        }
    }

    /// <summary>The host network's addresses are the node's; and a pod that has ended has none.</summary>
    private static PodPiece? PlanPod(Pod? pod) => pod is null or { PodIps.IsEmpty: true } or { Phase: "Succeeded" or "Failed" }
        ? null
        : new PodPiece { Labels = LabelsOf(pod.Metadata.Namespace), Addresses = pod.PodIps };

    private static ZonePiece? PlanService(ClusterSnapshot cluster, Service service, Problems problems)
    {
        var labels = LabelsOf(service.Metadata.Name, service.Metadata.Namespace);
        if (service.Type == "ExternalName")
        {
            return PlanAlias(service, labels, problems);
        }

        if (service.Headless)
        {
            return HeadlessPlan.Of(service, cluster.SlicesOf(service.Key), labels);
        }

        return service.ClusterIps.IsEmpty ? null : new ServicePiece
        {
            Labels = labels,
            Addresses = service.ClusterIps,
            Ports = service.Ports.Select(static port => new PortRecord(port.Name, port.Protocol, port.Port)).ToValueList(),
        };
    }

    private static AliasPiece? PlanAlias(Service service, ValueList<byte> labels, Problems problems)
    {
        Span<byte> target = stackalloc byte[DnsName.MaxLength];
        if (!DnsName.TryParse(service.ExternalName, target, out var length) || length == 1)
        {
            problems.Add(service, $"spec.externalName '{service.ExternalName}' is not a DNS name: the Service has none either");
            return null;
        }

        return new AliasPiece { Labels = labels, Target = ValueList.Create<byte>(target[..length]) };
    }

    /// <summary>Labels as on the wire, without an end. Names of objects are DNS labels, so they are ASCII and short enough.</summary>
    internal static ValueList<byte> LabelsOf(params ReadOnlySpan<string> labels)
    {
        Span<byte> wire = stackalloc byte[DnsName.MaxLength + 1];
        var length = 0;
        foreach (var label in labels)
        {
            if (label.Length is 0 or > DnsName.MaxLabel || length + 1 + label.Length > DnsName.MaxLength)
            {
                throw new FormatException($"'{label}' is not a DNS label");
            }

            wire[length] = (byte)label.Length;
            length += 1 + Encoding.ASCII.GetBytes(label, wire[(length + 1)..]);
        }

        DnsName.CopyLower(wire[..length], wire);
        return ValueList.Create<byte>(wire[..length]);
    }
}
