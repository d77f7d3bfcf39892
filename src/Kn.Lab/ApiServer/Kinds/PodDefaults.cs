using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>What the real server fills into a pod, and into the pod template of a workload.</summary>
/// <remarks>k8s.io/kubernetes pkg/apis/core/v1/defaults.go; the admission plugins ServiceAccount and DefaultTolerationSeconds are left out, but for the account's name.</remarks>
internal static class PodDefaults
{
    public static void ApplyPod(JsonObject pod)
    {
        var spec = pod.Ensure("spec");
        ApplySpec(spec);
        spec.Default("enableServiceLinks", true);
        spec.Default("serviceAccountName", "default");
        spec.Default("serviceAccount", spec.Text("serviceAccountName"));
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
        spec.Default("priority", 0);
        pod.Ensure("status").Default("phase", "Pending");
        pod.Ensure("status").Default("qosClass", QosClass(spec));
    }

    public static void ApplySpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        spec.Default("securityContext", new JsonObject());
        spec.Default("terminationGracePeriodSeconds", 30);
        var hostNetwork = spec.Flag("hostNetwork") == true;
        foreach (var container in spec.Maps("containers").Concat(spec.Maps("initContainers")))
        {
            ApplyContainer(container, hostNetwork);
        }

        foreach (var volume in spec.Maps("volumes"))
        {
            foreach (var source in new[] { volume.Map("configMap"), volume.Map("secret"), volume.Map("downwardAPI"), volume.Map("projected") })
            {
                source?.Default("defaultMode", 420);
            }

            if (volume.Count == 1)
            {
                volume["emptyDir"] = new JsonObject();
            }
        }
    }

    private static void ApplyContainer(JsonObject container, bool hostNetwork)
    {
        var image = container.Text("image") ?? "";
        var tagged = image.LastIndexOf(':') > image.LastIndexOf('/');
        var latest = !image.Contains('@', StringComparison.Ordinal) && (!tagged || image.EndsWith(":latest", StringComparison.Ordinal));
        container.Default("imagePullPolicy", latest ? "Always" : "IfNotPresent");
        container.Default("resources", new JsonObject());
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        foreach (var port in container.Maps("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port["containerPort"] is { } number)
            {
                port.Default("hostPort", number.DeepClone());
            }
        }

        foreach (var probe in new[] { container.Map("readinessProbe"), container.Map("livenessProbe"), container.Map("startupProbe") })
        {
            ApplyProbe(probe);
        }

        foreach (var variable in container.Maps("env"))
        {
            variable.Map("valueFrom", "fieldRef")?.Default("apiVersion", "v1");
        }
    }

    private static void ApplyProbe(JsonObject? probe)
    {
        if (probe is null)
        {
            return;
        }

        probe.Default("timeoutSeconds", 1);
        probe.Default("periodSeconds", 10);
        probe.Default("successThreshold", 1);
        probe.Default("failureThreshold", 3);
        probe.Map("httpGet")?.Default("scheme", "HTTP");
        probe.Map("httpGet")?.Default("path", "/");
    }

    private static string QosClass(JsonObject spec)
    {
        var resources = spec.Maps("containers").Select(static container => container.Map("resources")).ToList();
        if (resources.All(static r => r.Map("limits") is not { Count: > 0 } && r.Map("requests") is not { Count: > 0 }))
        {
            return "BestEffort";
        }

        var guaranteed = resources.All(static r => r.Map("limits") is { } limits && limits["cpu"] is not null && limits["memory"] is not null
            && (r.Map("requests") is not { } requests || JsonNode.DeepEquals(requests, limits)));
        return guaranteed ? "Guaranteed" : "Burstable";
    }
}
