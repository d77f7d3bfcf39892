using System.Net;
using System.Net.Sockets;
using Kn.Lab.LabNodes;
using Kn.Lab.Processes;
using Kn.Lab.Sandbox;

namespace Kn.Lab.Kubelet;

/// <summary>Asks readiness probes as the kubelet does: from the node towards the pod's address.</summary>
internal static class ProbeRunner
{
    /// <summary>Asks once. Never throws for what the pod does.</summary>
    /// <param name="node">Where the probe comes from.</param>
    /// <param name="probe">What to ask.</param>
    /// <param name="podIp">The pod's primary address.</param>
    /// <param name="pid">The container's process, for exec.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<bool> AskAsync(NodePlace node, ReadinessProbe probe, IPAddress podIp, int pid, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(probe.Patience);
        try
        {
            return probe.Kind switch
            {
                ProbeKind.Http => await AskHttpAsync(node, probe, podIp, patience.Token),
                ProbeKind.Tcp => await AskTcpAsync(node, probe, podIp, patience.Token),
                _ => await RunCommandAsync(node, probe.Command, pid, patience.Token),
            };
        }
        catch (Exception e) when (e is SocketException or HttpRequestException or IOException or OperationCanceledException or UriFormatException)
        {
            return false;
        }
    }

    private static async Task<bool> AskTcpAsync(NodePlace node, ReadinessProbe probe, IPAddress podIp, CancellationToken cancellationToken)
    {
        using var socket = await ConnectAsync(node, Target(probe, podIp), cancellationToken);
        return true;
    }

    private static async Task<bool> AskHttpAsync(NodePlace node, ReadinessProbe probe, IPAddress podIp, CancellationToken cancellationToken)
    {
        var target = Target(probe, podIp);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (_, token) => new NetworkStream(await ConnectAsync(node, target, token), ownsSocket: true),
        };
        if (probe.IsTls)
        {
#pragma warning disable CA5359 // The kubelet does not verify either: a probe asks whether the pod answers, and carries no secret.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{(probe.IsTls ? "https" : "http")}://{target}{probe.Path}"));
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.32");
        request.Headers.ConnectionClose = true;
        foreach (var (name, value) in probe.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return (int)response.StatusCode is >= 200 and < 400;
    }

    private static async Task<bool> RunCommandAsync(NodePlace node, IReadOnlyList<string> command, int pid, CancellationToken cancellationToken)
    {
        var spec = new SandboxSpec { JoinPid = pid, Command = command };
        var result = await ProgramStart.RunAsync(null, [node.Program, "pod-init", .. spec.ToArguments()], null, "", cancellationToken);
        return result.ExitCode == 0;
    }

    private static IPEndPoint Target(ReadinessProbe probe, IPAddress podIp) =>
        new(probe.Host is { } host && IPAddress.TryParse(host, out var address) ? address : podIp, probe.Port);

    private static async Task<Socket> ConnectAsync(NodePlace node, IPEndPoint target, CancellationToken cancellationToken)
    {
        var socket = node.Network.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(target, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
