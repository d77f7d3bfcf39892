using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using static Kn.E2E.Tests.Ingresses.RoutingTests;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>Changes under constant load by wrk: no request fails. Needs root.</summary>
[Collection(IngressGroup.Name)]
public sealed class ChangeTests(IngressLab lab)
{
    private const int Changes = 1000;

    [Fact]
    [Conformance("ingress", "Changes")]
    public async Task EndpointsThatComeAndGo_FailNoRequest()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "web"));
        await lab.ExpectAsync(host, "/", "200");
        await using var load = new WrkLoad(lab, host);
        await load.WhenRunningAsync();
        for (var round = 0; round < 3; round++)
        {
            var name = $"churn{round}";
            await lab.CreateAllAsync(IngressLab.Space, $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: web}}}}, spec: {{nodeName: node{1 + (round % 2)}, terminationGracePeriodSeconds: 3, containers: [{{name: e, image: echo, ports: [{{containerPort: 8080}}], lifecycle: {{preStop: {{sleep: {{seconds: 2}}}}}}}}]}}}}");
            await LabFixture.UntilAsync($"pod {name}", async () => DemoCluster.IsReady(await lab.Client.GetAsync(ApiResources.Pods, IngressLab.Space, name, CancellationToken.None)));
            await LabFixture.UntilAsync($"pod {name} answers", async () => (await lab.AskAsync(host, "/hostname")).Body == name);
            await SetAppAsync(name, "gone");
            await LabFixture.UntilAsync($"pod {name} answers no more", async () => (await lab.AskAsync(host, "/hostname")).Body != name);
            await lab.Client.EnsureDeletedAsync(ApiResources.Pods, IngressLab.Space, name, null, CancellationToken.None);
        }

        await load.StopAsync();
    }

    [Fact]
    [Conformance("ingress", "Changes")]
    public async Task ThousandChangesOfIngresses_FailNoRequest_AndLeaveAWebSocketOpen()
    {
        var (host, socketHost) = (lab.NewHost(), lab.NewHost());
        await using var ingress = await lab.IngressAsync(Rule(host, "web"));
        await using var sockets = await lab.IngressAsync(Rule(socketHost, "socket"));
        await lab.ExpectAsync(host, "/", "200");
        await using var socket = await OpenWebSocket.OpenAsync(lab, socketHost);
        await using var load = new WrkLoad(lab, host);
        await load.WhenRunningAsync();
        for (var change = 0; change < Changes; change++)
        {
            var target = change % 2 == 0 ? ingress : sockets;
            await target.PatchAsync(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["nginx.ingress.kubernetes.io/x-forwarded-prefix"] = $"/p{change}" } } });
            if (change % 100 == 0)
            {
                await socket.EchoAsync($"at {change}");
            }
        }

        await load.StopAsync();
        await socket.EchoAsync("still here");
    }

    [Fact]
    [Conformance("ingress", "Restart")]
    public async Task RestartOfTheAgent_FailsNoRequest()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "web"));
        await lab.ExpectAsync(host, "/", "200");
        await using var load = new WrkLoad(lab, host);
        await load.WhenRunningAsync();
        await lab.RestartAgentAsync(1);
        await lab.ExpectAsync(host, "/", "200");
        await load.StopAsync();
    }

    private Task SetAppAsync(string pod, string app) => lab.Client.PatchAsync(
        ApiResources.Pods, IngressLab.Space, pod, null, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = app } } }, PatchKind.Merge, CancellationToken.None);
}
