using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.Kubelet;

/// <summary>What runs as a container: the program and its environment. Pure.</summary>
internal static class ContainerPlan
{
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>True when the container names no command, so that the echo server stands in for its image.</summary>
    public static bool IsEcho(JsonObject container) => !container.Texts("command").Any();

    /// <summary>The program and its arguments.</summary>
    /// <param name="container">An entry of spec.containers.</param>
    /// <param name="environment">Replaces $(NAME) in command and args.</param>
    /// <param name="program">Path of kn-lab, which is the echo server.</param>
    /// <param name="readyFile">The echo server makes this file when it listens.</param>
    public static IReadOnlyList<string> Command(JsonObject container, IReadOnlyDictionary<string, string> environment, string program, string readyFile)
    {
        if (!IsEcho(container))
        {
            return [.. container.Texts("command").Concat(container.Texts("args")).Select(word => Expand(word, environment))];
        }

        List<string> command = [program, "echo", "--ready", readyFile];
        foreach (var port in container.Maps("ports"))
        {
            var protocol = port.Text("protocol") ?? "TCP";
            if (protocol is "TCP" or "UDP" && port.Number("containerPort") is { } number)
            {
                command.AddRange([protocol == "UDP" ? "--udp" : "--tcp", number.ToString()]);
            }
        }

        return command;
    }

    /// <summary>The environment: a search path, the host name, then env with literal values and fieldRefs.</summary>
    public static IReadOnlyDictionary<string, string> Environment(
        JsonObject pod, JsonObject container, IReadOnlyList<IpAddress> podIps, IReadOnlyList<IpAddress> hostIps)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = SearchPath,
            ["HOSTNAME"] = PodText.Hostname(pod),
            ["HOME"] = "/root",
        };
        foreach (var entry in container.Maps("env"))
        {
            if (entry.Text("name") is { } name)
            {
                values[name] = entry.Text("valueFrom", "fieldRef", "fieldPath") is { } field
                    ? Field(pod, field, podIps, hostIps)
                    : Expand(entry.Text("value") ?? "", values);
            }
        }

        return values;
    }

    // kubernetes.io, "Expose Pod Information to Containers Through Environment Variables".
    private static string Field(JsonObject pod, string path, IReadOnlyList<IpAddress> podIps, IReadOnlyList<IpAddress> hostIps) => path switch
    {
        "metadata.name" => pod.Name(),
        "metadata.namespace" => pod.Namespace(),
        "metadata.uid" => pod.Uid(),
        "spec.nodeName" => pod.Text("spec", "nodeName") ?? "",
        "spec.serviceAccountName" => pod.Text("spec", "serviceAccountName") ?? "default",
        "status.podIP" => podIps.Count > 0 ? podIps[0].ToString() : "",
        "status.podIPs" => string.Join(',', podIps),
        "status.hostIP" => hostIps.Count > 0 ? hostIps[0].ToString() : "",
        "status.hostIPs" => string.Join(',', hostIps),
        _ when path.Split('\'') is ["metadata.labels[", var label, "]"] => pod.Text("metadata", "labels", label) ?? "",
        _ when path.Split('\'') is ["metadata.annotations[", var annotation, "]"] => pod.Text("metadata", "annotations", annotation) ?? "",
        _ => "",
    };

    // $(NAME) of a known variable is replaced, $$ is one $, everything else stays (core/v1 Container, "args").
    private static string Expand(string text, IReadOnlyDictionary<string, string> values)
    {
        var result = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var rest = text.AsSpan(i);
            if (rest.StartsWith("$$"))
            {
                result.Append('$');
                i++;
            }
            else if (rest.StartsWith("$(") && rest.IndexOf(')') is > 0 and var end && values.TryGetValue(rest[2..end].ToString(), out var value))
            {
                result.Append(value);
                i += end;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }
}
