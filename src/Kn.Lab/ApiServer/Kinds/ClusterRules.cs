using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Defaults and validation of the small kinds.</summary>
internal static class ClusterRules
{
    private const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    public static void DefaultNamespace(JsonObject item)
    {
        item.Ensure("metadata", "labels")[NamespaceNameLabel] = item.Name();
        item.Ensure("spec").Default("finalizers", JsonTree.Array(["kubernetes"]));
        item.Ensure("status").Default("phase", "Active");
    }

    public static void DefaultNode(JsonObject node) => node.Ensure("spec");

    public static void ValidateNode(JsonObject node, JsonObject? old, FieldErrors errors)
    {
        var prefixes = node.Texts("spec", "podCIDRs").ToList();
        foreach (var (index, text) in prefixes.Index())
        {
            if (!IpPrefix.TryParse(text, out _))
            {
                errors.Invalid($"spec.podCIDRs[{index}]", text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }

        if (old is not null && old.List("spec", "podCIDRs") is { Count: > 0 } before && !JsonNode.DeepEquals(before, node.List("spec", "podCIDRs")))
        {
            errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        }
    }

    // podCIDR and podCIDRs[0] are one fact written twice; the server keeps them the same.
    public static void CompleteNode(JsonObject node, JsonObject? old, FieldErrors errors)
    {
        var spec = node.Ensure("spec");
        if (spec.List("podCIDRs") is { Count: > 0 } list)
        {
            spec.Default("podCIDR", list[0]?.DeepClone());
            if (spec.Text("podCIDR") != list[0].Text())
            {
                errors.Invalid("spec.podCIDRs", list.DeepClone(), "podCIDR must match podCIDRs[0]");
            }
        }
        else if (spec.Text("podCIDR") is { Length: > 0 } one)
        {
            spec["podCIDRs"] = JsonTree.Array([one]);
        }
    }

    public static void DefaultSecret(JsonObject secret)
    {
        secret.Default("type", "Opaque");
        if (secret.Map("stringData") is { } plain)
        {
            foreach (var (key, value) in plain.Pairs())
            {
                secret.Ensure("data")[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value));
            }

            secret.Remove("stringData");
        }
    }

    public static void DefaultEndpointSlice(JsonObject slice)
    {
        foreach (var port in slice.Maps("ports"))
        {
            port.Default("name", "");
            port.Default("protocol", "TCP");
        }
    }

    public static void ValidateEndpointSlice(JsonObject slice, JsonObject? old, FieldErrors errors)
    {
        if (slice.Text("addressType") is not { } type)
        {
            errors.Required("addressType");
            return;
        }

        errors.OneOf(slice, "addressType", "addressType", "FQDN", "IPv4", "IPv6");
        if (old is not null)
        {
            errors.Immutable("addressType", old["addressType"], slice["addressType"]);
        }

        foreach (var (index, endpoint) in slice.Maps("endpoints").Index())
        {
            if (endpoint.List("addresses") is not { Count: > 0 })
            {
                errors.Required($"endpoints[{index}].addresses");
            }

            foreach (var address in endpoint.Texts("addresses"))
            {
                var family = type == "IPv6" ? IpFamily.V6 : IpFamily.V4;
                if (type != "FQDN" && (!IpAddress.TryParse(address, out var parsed) || parsed.Family != family))
                {
                    errors.Invalid($"endpoints[{index}].addresses[0]", address, type == "IPv6" ? "must be a valid IPv6 address" : "must be a valid IPv4 address");
                }
            }
        }
    }

    public static void DefaultNetworkPolicy(JsonObject policy)
    {
        var spec = policy.Ensure("spec");
        if (spec.List("policyTypes") is not { Count: > 0 })
        {
            IEnumerable<string> types = spec.List("egress") is { Count: > 0 } ? ["Ingress", "Egress"] : ["Ingress"];
            spec["policyTypes"] = JsonTree.Array(types);
        }

        spec.Default("podSelector", new JsonObject());
        foreach (var port in spec.Maps("ingress").Concat(spec.Maps("egress")).SelectMany(static rule => rule.Maps("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }

    public static void ValidateIngress(JsonObject ingress, JsonObject? old, FieldErrors errors)
    {
        var spec = ingress.Map("spec");
        if (spec.List("rules") is not { Count: > 0 } && spec.Map("defaultBackend") is null)
        {
            errors.Invalid("spec", spec?.DeepClone(), "either `defaultBackend` or `rules` must be specified");
        }

        foreach (var (rule, item) in spec.Maps("rules").Index())
        {
            foreach (var (index, path) in item.Maps("http", "paths").Index())
            {
                if (path.Text("pathType") is null)
                {
                    errors.Required($"spec.rules[{rule}].http.paths[{index}].pathType", "pathType must be specified");
                }

                errors.OneOf(path, $"spec.rules[{rule}].http.paths[{index}].pathType", "pathType", "Exact", "ImplementationSpecific", "Prefix");
            }
        }
    }

    public static void ValidateConfigMap(JsonObject map, JsonObject? old, FieldErrors errors)
    {
        if (old.Flag("immutable") == true && (!JsonNode.DeepEquals(old.At("data"), map.At("data")) || map.Flag("immutable") != true))
        {
            errors.Forbidden("data", "field is immutable when `immutable` is set");
        }
    }
}
