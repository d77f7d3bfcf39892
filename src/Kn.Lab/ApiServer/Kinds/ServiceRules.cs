using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Allocation;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Defaults and validation of a Service; what is handed out is <see cref="ServiceAllocation"/>'s.</summary>
/// <remarks>k8s.io/kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Service, pkg/apis/core/validation ValidateService.</remarks>
internal static class ServiceRules
{
    public static void Default(JsonObject service)
    {
        var spec = service.Ensure("spec");
        spec.Default("sessionAffinity", "None");
        spec.Default("type", "ClusterIP");
        if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else
        {
            spec.Ensure("sessionAffinityConfig", "clientIP").Default("timeoutSeconds", 10800);
        }

        foreach (var port in spec.Maps("ports"))
        {
            port.Default("protocol", "TCP");
            if ((port["targetPort"] is null || port.Number("targetPort") == 0 || port.Text("targetPort") == "") && port["port"] is { } number)
            {
                port["targetPort"] = number.DeepClone();
            }
        }

        DefaultPolicies(spec);
    }

    public static void Validate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Map("spec");
        errors.OneOf(spec, "spec.type", "type", "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        errors.OneOf(spec, "spec.sessionAffinity", "sessionAffinity", "ClientIP", "None");
        errors.OneOf(spec, "spec.externalTrafficPolicy", "externalTrafficPolicy", "Cluster", "Local");
        errors.OneOf(spec, "spec.internalTrafficPolicy", "internalTrafficPolicy", "Cluster", "Local");
        errors.OneOf(spec, "spec.ipFamilyPolicy", "ipFamilyPolicy", "SingleStack", "PreferDualStack", "RequireDualStack");
        var type = spec.Text("type");
        if (type == "ExternalName" && string.IsNullOrEmpty(spec.Text("externalName")))
        {
            errors.Required("spec.externalName");
        }

        if (type is "NodePort" or "LoadBalancer" && spec.Text("clusterIP") == "None")
        {
            errors.Invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services");
        }

        if (type != "ExternalName" && spec.Text("clusterIP") != "None" && spec.List("ports") is not { Count: > 0 })
        {
            errors.Required("spec.ports");
        }

        ValidatePorts(spec, errors);
        ValidateClusterIpKept(service, old, errors);
    }

    private static void DefaultPolicies(JsonObject spec)
    {
        var type = spec.Text("type");
        if (type is "NodePort" or "LoadBalancer" || (type == "ClusterIP" && spec.List("externalIPs") is { Count: > 0 }))
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }
        else
        {
            spec.Remove("externalTrafficPolicy");
        }

        if (type != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }
        else
        {
            spec.Remove("allocateLoadBalancerNodePorts");
        }
    }

    private static void ValidatePorts(JsonObject? spec, FieldErrors errors)
    {
        var ports = spec.Maps("ports").ToList();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<(long?, string?)>();
        foreach (var (index, port) in ports.Index())
        {
            var path = $"spec.ports[{index}]";
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && ports.Count > 1)
            {
                errors.Required($"{path}.name");
            }
            else if (name.Length > 0 && ObjectNames.Problem(name, NameRule.Label) is { } problem)
            {
                errors.Invalid($"{path}.name", name, problem);
            }
            else if (name.Length > 0 && !names.Add(name))
            {
                errors.Duplicate($"{path}.name", name);
            }

            ValidatePort(port, path, errors);
            if (!seen.Add((port.Number("port"), port.Text("protocol"))))
            {
                errors.Duplicate(path, new JsonObject { ["port"] = port.Number("port"), ["protocol"] = port.Text("protocol") });
            }
        }
    }

    private static void ValidatePort(JsonObject port, string path, FieldErrors errors)
    {
        const string Range = "must be between 1 and 65535, inclusive";
        if (port.Number("port") is not (>= 1 and <= 65535))
        {
            errors.Invalid($"{path}.port", port["port"] ?? 0, Range);
        }

        errors.OneOf(port, $"{path}.protocol", "protocol", "SCTP", "TCP", "UDP");
        if (port.Number("targetPort") is { } target and not (>= 1 and <= 65535))
        {
            errors.Invalid($"{path}.targetPort", target, Range);
        }

        if (port.Number("nodePort") is { } nodePort and not 0 && !PortAllocator.IsInRange(nodePort))
        {
            errors.Invalid($"{path}.nodePort", nodePort, "provided port is not in the valid range. The range of valid ports is 30000-32767");
        }
    }

    private static void ValidateClusterIpKept(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        if (old is null || old.Text("spec", "type") == "ExternalName" || service.Text("spec", "type") == "ExternalName")
        {
            return;
        }

        if (old.Text("spec", "clusterIP") is { Length: > 0 } before && before != service.Text("spec", "clusterIP"))
        {
            errors.Invalid("spec.clusterIPs[0]", service.At("spec", "clusterIPs")?.DeepClone(), "may not change once set");
        }

        if (old.Texts("spec", "ipFamilies").FirstOrDefault() is { } family && family != service.Texts("spec", "ipFamilies").FirstOrDefault())
        {
            errors.Invalid("spec.ipFamilies[0]", service.At("spec", "ipFamilies")?.DeepClone(), "may not change once set");
        }
    }
}
