using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Selectors;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Defaults and validation that Deployments, ReplicaSets and DaemonSets share.</summary>
/// <remarks>k8s.io/kubernetes pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation.</remarks>
internal static class WorkloadRules
{
    public static void DefaultDeployment(JsonObject deployment)
    {
        var spec = deployment.Ensure("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        DefaultTemplate(spec);
    }

    public static void DefaultReplicaSet(JsonObject set)
    {
        var spec = set.Ensure("spec");
        spec.Default("replicas", 1);
        DefaultTemplate(spec);
    }

    public static void DefaultDaemonSet(JsonObject set)
    {
        var spec = set.Ensure("spec");
        spec.Default("revisionHistoryLimit", 10);
        spec.Ensure("updateStrategy").Default("type", "RollingUpdate");
        DefaultTemplate(spec);
    }

    public static void Validate(JsonObject workload, JsonObject? old, FieldErrors errors)
    {
        var spec = workload.Map("spec");
        if (spec.Number("replicas") is < 0 and var replicas)
        {
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        }

        ValidateSelector(spec, errors);
        if (old is not null)
        {
            errors.Immutable("spec.selector", old.At("spec", "selector"), workload.At("spec", "selector"));
        }

        PodRules.ValidateSpec(spec.Map("template", "spec"), "spec.template.spec", errors);
    }

    private static void ValidateSelector(JsonObject? spec, FieldErrors errors)
    {
        var selector = spec.Map("selector");
        if (selector is null)
        {
            errors.Required("spec.selector");
            return;
        }

        var labels = spec.Map("template", "metadata", "labels");
        if (selector.Map("matchLabels") is not { Count: > 0 } && selector.List("matchExpressions") is not { Count: > 0 })
        {
            errors.Invalid("spec.selector", selector, "empty selector is invalid for deployment");
        }
        else if (!LabelSelector.FromObject(selector).Matches(labels))
        {
            errors.Invalid("spec.template.metadata.labels", labels ?? [], "`selector` does not match template `labels`");
        }
    }

    private static void DefaultTemplate(JsonObject spec)
    {
        var template = spec.Ensure("template");
        template.Ensure("metadata").Default("creationTimestamp", null);
        PodDefaults.ApplySpec(template.Ensure("spec"));
    }
}
