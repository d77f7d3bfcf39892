using System.Collections.Concurrent;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Tables;
using static Kn.Lab.Api.ApiResources;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>The kinds that the server serves, in discovery's order; custom ones come and go.</summary>
internal sealed class KindCatalog
{
    private readonly List<ResourceKind> _builtIn;
    private readonly ConcurrentDictionary<string, ResourceKind> _custom = new(StringComparer.Ordinal);

    public KindCatalog(ServiceAllocation services, CustomKinds custom)
    {
        custom.Attach(this);
        _builtIn = [.. Core(services), .. Workloads(), .. Networking(), .. Others(custom)];
    }

    public IEnumerable<ResourceKind> All => _builtIn.Concat(_custom.Values.OrderBy(static kind => kind.Resource.GroupResource, StringComparer.Ordinal));

    public ResourceKind? Find(string group, string version, string plural) => All.FirstOrDefault(kind =>
        kind.Resource.Plural == plural && kind.Resource.Group == group && kind.Resource.Version == version);

    public ResourceKind Of(ApiResource resource) => All.First(kind => kind.Resource == resource);

    public void SetCustom(ResourceKind kind) => _custom[kind.Resource.GroupResource] = kind;

    public void RemoveCustom(string groupResource) => _custom.TryRemove(groupResource, out _);

    private static IEnumerable<ResourceKind> Core(ServiceAllocation services) =>
    [
        new() { Resource = Namespaces, ShortNames = ["ns"], HasStatus = true, NameRule = NameRule.Label, SelectableFields = ["status.phase"],
            Columns = ClusterColumns.Namespace, Default = ClusterRules.DefaultNamespace },
        new() { Resource = Nodes, ShortNames = ["no"], HasStatus = true, KeepsStatusOnCreate = true, SelectableFields = ["spec.unschedulable"],
            Columns = ClusterColumns.Node, Default = ClusterRules.DefaultNode, Allocate = ClusterRules.CompleteNode, Validate = ClusterRules.ValidateNode },
        new() { Resource = Pods, ShortNames = ["po"], Categories = ["all"], HasStatus = true, Columns = PodColumns.All,
            SelectableFields = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
            Default = PodDefaults.ApplyPod, Validate = PodRules.Validate },
        new() { Resource = Services, ShortNames = ["svc"], Categories = ["all"], HasStatus = true, NameRule = NameRule.ServiceLabel, SelectableFields = ["spec.clusterIP", "spec.type"],
            Columns = NetworkColumns.Service, Default = ServiceRules.Default, Allocate = services.Allocate, Validate = ServiceRules.Validate, Committed = services.Committed },
        new() { Resource = Endpoints, ShortNames = ["ep"], CreatesOnUpdate = true, Columns = NetworkColumns.Endpoints },
        new() { Resource = ConfigMaps, ShortNames = ["cm"], Columns = ClusterColumns.ConfigMap, Validate = ClusterRules.ValidateConfigMap },
        new() { Resource = Secrets, SelectableFields = ["type"], Columns = ClusterColumns.Secret, Default = ClusterRules.DefaultSecret },
        new() { Resource = new("", "v1", "serviceaccounts", "ServiceAccount"), ShortNames = ["sa"], Columns = ClusterColumns.ServiceAccount },
        new() { Resource = Events, ShortNames = ["ev"], CreatesOnUpdate = true, Columns = ClusterColumns.Event,
            SelectableFields = ["involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"] },
        Stored("", "v1", "resourcequotas", "ResourceQuota", "quota"),
        Stored("", "v1", "limitranges", "LimitRange", "limits"),
        Stored("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc"),
    ];

    private static IEnumerable<ResourceKind> Workloads() =>
    [
        new() { Resource = Deployments, ShortNames = ["deploy"], Categories = ["all"], HasStatus = true, HasScale = true, HasGeneration = true,
            Columns = WorkloadColumns.Deployment, Default = WorkloadRules.DefaultDeployment, Validate = WorkloadRules.Validate },
        new() { Resource = ReplicaSets, ShortNames = ["rs"], Categories = ["all"], HasStatus = true, HasScale = true, HasGeneration = true, SelectableFields = ["status.replicas"],
            Columns = WorkloadColumns.ReplicaSet, Default = WorkloadRules.DefaultReplicaSet, Validate = WorkloadRules.Validate },
        new() { Resource = DaemonSets, ShortNames = ["ds"], Categories = ["all"], HasStatus = true, HasGeneration = true,
            Columns = WorkloadColumns.DaemonSet, Default = WorkloadRules.DefaultDaemonSet, Validate = WorkloadRules.Validate },
        Stored("apps", "v1", "statefulsets", "StatefulSet", "sts"),
        Stored("apps", "v1", "controllerrevisions", "ControllerRevision"),
        Stored("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb"),
    ];

    private static IEnumerable<ResourceKind> Networking() =>
    [
        new() { Resource = EndpointSlices, HasGeneration = true, Columns = NetworkColumns.EndpointSlice,
            Default = ClusterRules.DefaultEndpointSlice, Validate = ClusterRules.ValidateEndpointSlice },
        new() { Resource = Ingresses, ShortNames = ["ing"], HasStatus = true, HasGeneration = true, Columns = NetworkColumns.Ingress, Validate = ClusterRules.ValidateIngress },
        new() { Resource = new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", Namespaced: false), HasGeneration = true, Columns = NetworkColumns.IngressClass },
        new() { Resource = NetworkPolicies, ShortNames = ["netpol"], HasGeneration = true, Columns = NetworkColumns.NetworkPolicy, Default = ClusterRules.DefaultNetworkPolicy },
        new() { Resource = ServiceCidrs, HasStatus = true, Columns = NetworkColumns.ServiceCidr },
        new() { Resource = new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", Namespaced: false), ShortNames = ["ip"], Columns = NetworkColumns.IpAddress, NameRule = NameRule.PathSegment },
    ];

    private static IEnumerable<ResourceKind> Others(CustomKinds custom) =>
    [
        new() { Resource = Leases, CreatesOnUpdate = true, NeedsVersionOnUpdate = true, Columns = ClusterColumns.Lease },
        new() { Resource = new("events.k8s.io", "v1", "events", "Event"), ShortNames = ["ev"], CreatesOnUpdate = true, Columns = ClusterColumns.Event },
        Rbac("roles", "Role", namespaced: true),
        Rbac("rolebindings", "RoleBinding", namespaced: true),
        Rbac("clusterroles", "ClusterRole", namespaced: false),
        Rbac("clusterrolebindings", "ClusterRoleBinding", namespaced: false),
        new() { Resource = CustomKinds.Definitions, ShortNames = ["crd", "crds"], HasStatus = true, HasGeneration = true, Columns = ClusterColumns.CustomResourceDefinition,
            Default = CustomKinds.Default, Validate = CustomKinds.Validate, Committed = custom.Committed },
    ];

    private static ResourceKind Stored(string group, string version, string plural, string kind, params string[] shortNames) =>
        new() { Resource = new(group, version, plural, kind), ShortNames = shortNames, HasStatus = true };

    private static ResourceKind Rbac(string plural, string kind, bool namespaced) =>
        new() { Resource = new("rbac.authorization.k8s.io", "v1", plural, kind, namespaced), CreatesOnUpdate = true, NameRule = NameRule.PathSegment };
}
