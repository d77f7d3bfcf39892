using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>What a pod, or the template of one, must be.</summary>
internal static class PodRules
{
    public static void Validate(JsonObject pod, JsonObject? old, FieldErrors errors)
    {
        var spec = pod.Map("spec");
        if (old is null)
        {
            ValidateSpec(spec, "spec", errors);
        }
        else if (!JsonNode.DeepEquals(Frozen(old), Frozen(pod)))
        {
            errors.Forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
        }
    }

    public static void ValidateSpec(JsonObject? spec, string path, FieldErrors errors)
    {
        if (spec.List("containers") is not { Count: > 0 })
        {
            errors.Required($"{path}.containers");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var list in new[] { "containers", "initContainers" })
        {
            foreach (var (index, container) in spec.Maps(list).Index())
            {
                ValidateContainer(container, $"{path}.{list}[{index}]", names, errors);
            }
        }

        errors.OneOf(spec, $"{path}.restartPolicy", "restartPolicy", "Always", "OnFailure", "Never");
        errors.OneOf(spec, $"{path}.dnsPolicy", "dnsPolicy", "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
    }

    private static void ValidateContainer(JsonObject container, string path, HashSet<string> names, FieldErrors errors)
    {
        var name = container.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required($"{path}.name");
        }
        else if (ObjectNames.Problem(name, NameRule.Label) is { } problem)
        {
            errors.Invalid($"{path}.name", name, problem);
        }
        else if (!names.Add(name))
        {
            errors.Duplicate($"{path}.name", name);
        }

        if (string.IsNullOrEmpty(container.Text("image")))
        {
            errors.Required($"{path}.image");
        }

        foreach (var (index, port) in container.Maps("ports").Index())
        {
            var number = port.Number("containerPort");
            if (number is null)
            {
                errors.Required($"{path}.ports[{index}].containerPort");
            }
            else if (number is < 1 or > 65535)
            {
                errors.Invalid($"{path}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive");
            }

            errors.OneOf(port, $"{path}.ports[{index}].protocol", "protocol", "SCTP", "TCP", "UDP");
        }
    }

    // The spec without the parts that may change.
    private static JsonObject Frozen(JsonObject pod)
    {
        var spec = pod.Map("spec")?.Copy() ?? [];
        foreach (var container in spec.Maps("containers").Concat(spec.Maps("initContainers")))
        {
            container.Remove("image");
        }

        spec.Remove("activeDeadlineSeconds");
        spec.Remove("tolerations");
        spec.Remove("terminationGracePeriodSeconds");
        spec.Remove("schedulingGates");
        return spec;
    }
}
