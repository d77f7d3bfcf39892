using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Kubelet;

/// <summary>A container's readinessProbe, with the API's defaults filled in.</summary>
/// <remarks>core/v1 Probe: a probe every 10 s, 1 s to answer, ready after 1 success, not ready after 3 failures.</remarks>
internal sealed record ReadinessProbe
{
    /// <summary>How it asks.</summary>
    public required ProbeKind Kind { get; init; }

    /// <summary>The port of httpGet and tcpSocket.</summary>
    public int Port { get; init; }

    /// <summary>The host that is asked in place of the pod's address.</summary>
    public string? Host { get; init; }

    /// <summary>The path of httpGet.</summary>
    public string Path { get; init; } = "/";

    /// <summary>https: asked without looking at the certificate.</summary>
    public bool IsTls { get; init; }

    /// <summary>httpHeaders.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>exec.command.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>initialDelaySeconds.</summary>
    public TimeSpan InitialDelay { get; init; }

    /// <summary>periodSeconds.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>timeoutSeconds.</summary>
    public TimeSpan Patience { get; init; }

    /// <summary>successThreshold.</summary>
    public int SuccessThreshold { get; init; } = 1;

    /// <summary>failureThreshold.</summary>
    public int FailureThreshold { get; init; } = 3;

    /// <summary>The container's probe; null when it has none (or one of gRPC, which the lab does not speak).</summary>
    public static ReadinessProbe? Of(JsonObject container)
    {
        var probe = container.Map("readinessProbe");
        var http = probe.Map("httpGet");
        var tcp = probe.Map("tcpSocket");
        var command = probe.Texts("exec", "command").ToList();
        if (http is null && tcp is null && command.Count == 0)
        {
            return null;
        }

        return new ReadinessProbe
        {
            Kind = http is not null ? ProbeKind.Http : tcp is not null ? ProbeKind.Tcp : ProbeKind.Command,
            Port = PortOf(container, http.At("port") ?? tcp.At("port")),
            Host = http.Text("host") ?? tcp.Text("host"),
            Path = http.Text("path") ?? "/",
            IsTls = http.Text("scheme") == "HTTPS",
            Headers = [.. http.Maps("httpHeaders").Select(static header => (header.Text("name") ?? "", header.Text("value") ?? ""))],
            Command = command,
            InitialDelay = Seconds(probe, "initialDelaySeconds", 0),
            Period = Seconds(probe, "periodSeconds", 10),
            Patience = Seconds(probe, "timeoutSeconds", 1),
            SuccessThreshold = (int)(probe.Number("successThreshold") ?? 1),
            FailureThreshold = (int)(probe.Number("failureThreshold") ?? 3),
        };
    }

    private static TimeSpan Seconds(JsonObject? probe, string field, int standard) => TimeSpan.FromSeconds(probe.Number(field) ?? standard);

    // An IntOrString: a number, or the name of one of the container's ports.
    private static int PortOf(JsonObject container, JsonNode? port)
    {
        if (port.Number() is { } number)
        {
            return (int)number;
        }

        var name = port.Text() ?? "";
        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : (int)(container.Maps("ports").FirstOrDefault(entry => entry.Text("name") == name).Number("containerPort") ?? 0);
    }
}

/// <summary>How a probe asks.</summary>
internal enum ProbeKind
{
    /// <summary>httpGet: ready by a status of 200 to 399.</summary>
    Http,

    /// <summary>tcpSocket: ready when the connection opens.</summary>
    Tcp,

    /// <summary>exec: ready by exit code 0.</summary>
    Command,
}
