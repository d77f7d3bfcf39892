using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Discovery;

/// <summary>The schemas behind kubectl explain: the top level of every kind, and the fields of the kinds that the lab is about.</summary>
internal static class Schemas
{
    public const string ObjectMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    private static readonly Dictionary<string, (string Field, string Type, string Text)[]> SpecFields = new(StringComparer.Ordinal)
    {
        ["Service"] =
        [
            ("type", "string", "ClusterIP, NodePort, LoadBalancer or ExternalName."),
            ("clusterIP", "string", "The virtual address; None makes the Service headless."),
            ("clusterIPs", "array", "The virtual addresses, one a family; the first equals clusterIP."),
            ("ipFamilies", "array", "IPv4 and IPv6, in the order of clusterIPs."),
            ("ipFamilyPolicy", "string", "SingleStack, PreferDualStack or RequireDualStack."),
            ("ports", "array", "What the Service listens on and where that goes."),
            ("selector", "object", "Labels of the pods behind the Service."),
            ("sessionAffinity", "string", "None or ClientIP."),
            ("externalTrafficPolicy", "string", "Cluster or Local: which endpoints traffic from outside may reach."),
            ("internalTrafficPolicy", "string", "Cluster or Local: which endpoints traffic from pods may reach."),
            ("externalIPs", "array", "Further addresses that nodes accept traffic for."),
            ("healthCheckNodePort", "integer", "Where load balancers ask a node whether it has endpoints."),
            ("publishNotReadyAddresses", "boolean", "Endpoints count before they are ready."),
        ],
        ["Pod"] =
        [
            ("containers", "array", "What runs in the pod."),
            ("initContainers", "array", "What runs before, one after the other."),
            ("nodeName", "string", "The node that the pod is bound to."),
            ("nodeSelector", "object", "Labels that the node must have."),
            ("tolerations", "array", "Taints that the pod accepts."),
            ("hostNetwork", "boolean", "The pod shares the node's network."),
            ("hostname", "string", "The pod's host name."),
            ("subdomain", "string", "The headless Service under which the host name is resolved."),
            ("dnsPolicy", "string", "Where the pod's resolv.conf comes from."),
            ("restartPolicy", "string", "Always, OnFailure or Never."),
            ("terminationGracePeriodSeconds", "integer", "How long the pod may take to stop."),
        ],
        ["Deployment"] =
        [
            ("replicas", "integer", "How many pods there are to be."),
            ("selector", "object", "Which pods are this Deployment's; cannot change."),
            ("template", "object", "What the pods look like."),
            ("strategy", "object", "How old pods give way to new ones."),
        ],
        ["Node"] =
        [
            ("podCIDR", "string", "The first of podCIDRs."),
            ("podCIDRs", "array", "The prefixes that the node's pods get addresses from, one a family."),
            ("taints", "array", "What keeps pods away that do not tolerate it."),
            ("unschedulable", "boolean", "No new pods."),
        ],
        ["NetworkPolicy"] =
        [
            ("podSelector", "object", "The pods that this policy is for; empty means all of the namespace."),
            ("policyTypes", "array", "Ingress, Egress or both."),
            ("ingress", "array", "Who may reach the pods; none when empty."),
            ("egress", "array", "What the pods may reach; nothing when empty."),
        ],
        ["Ingress"] =
        [
            ("ingressClassName", "string", "Which controller serves it."),
            ("rules", "array", "Hosts and paths, and the Services behind them."),
            ("tls", "array", "Certificates, and the hosts that they are for."),
            ("defaultBackend", "object", "Where everything else goes."),
        ],
    };

    public static JsonArray GroupVersionKind(ApiResource resource) =>
        new(new JsonObject { ["group"] = resource.Group, ["version"] = resource.Version, ["kind"] = resource.Kind });

    public static JsonObject Of(ApiResource resource)
    {
        var properties = new JsonObject
        {
            ["apiVersion"] = Property("string", "The version of the schema that the object is written in."),
            ["kind"] = Property("string", "What the object is."),
            ["metadata"] = new JsonObject
            {
                ["description"] = "Name, labels and what the server keeps about the object.",
                ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = "#/components/schemas/" + ObjectMetaName }),
                ["default"] = new JsonObject(),
            },
            ["spec"] = Spec(resource.Kind),
            ["status"] = Property("object", "What was observed."),
        };
        return new JsonObject
        {
            ["description"] = $"{resource.Kind} of {resource.ApiVersion}, as the lab serves it.",
            ["type"] = "object",
            ["properties"] = properties,
            ["x-kubernetes-group-version-kind"] = GroupVersionKind(resource),
        };
    }

    public static JsonObject ObjectMeta() => new()
    {
        ["description"] = "Metadata that every object has.",
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["name"] = Property("string", "Unique for the kind within its namespace."),
            ["generateName"] = Property("string", "Prefix of a name that the server makes."),
            ["namespace"] = Property("string", "Where the object lives."),
            ["labels"] = Property("object", "What selectors look at."),
            ["annotations"] = Property("object", "Everything else that people and controllers note."),
            ["ownerReferences"] = Property("array", "Objects without which this one is garbage."),
            ["finalizers"] = Property("array", "Who must agree before the object goes."),
            ["uid"] = Property("string", "Unique in time and space."),
            ["resourceVersion"] = Property("string", "The write that made this state."),
            ["generation"] = Property("integer", "Counts changes of the spec."),
            ["creationTimestamp"] = Property("string", "When the object was made."),
            ["deletionTimestamp"] = Property("string", "When the object is to be gone."),
        },
    };

    private static JsonObject Spec(string kind)
    {
        var spec = Property("object", "What is wanted.");
        if (SpecFields.TryGetValue(kind, out var fields))
        {
            var properties = new JsonObject();
            foreach (var (field, type, text) in fields)
            {
                properties[field] = Property(type, text);
            }

            spec["properties"] = properties;
        }

        return spec;
    }

    private static JsonObject Property(string type, string description)
    {
        var property = new JsonObject { ["type"] = type, ["description"] = description };
        switch (type)
        {
            case "array":
                property["items"] = new JsonObject { ["type"] = "object" };
                break;
            case "object":
                property["x-kubernetes-preserve-unknown-fields"] = true;
                break;
        }

        return property;
    }
}
