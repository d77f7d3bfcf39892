using System.Net;
using System.Runtime.InteropServices;
using Kn.Lab.Api;
using Kn.Lab.ApiServer;
using Kn.Lab.Control;
using Kn.Lab.LabNodes;
using Kn.Lab.Processes;
using Kn.Lab.Underlay;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Lab;

/// <summary>One lab, as long as it is up: the process behind <c>kn-lab up</c>.</summary>
internal sealed class LabDaemon(LabOptions options, ILogger logger, TimeProvider time)
{
    /// <summary>Builds the lab, serves until cancelled, and sweeps what it made. The folder is left to <c>down</c>.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var names = new LabNames(options.Name);
        var remains = new LabRemains(names, options.Folder, time);
        await remains.SweepAsync(cancellationToken);
        try
        {
            await ServeAsync(names, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LabLog.Stopping(logger, options.Name);
        }
        finally
        {
            await remains.SweepAsync(CancellationToken.None);
        }
    }

    private async Task ServeAsync(LabNames names, CancellationToken cancellationToken)
    {
        var plan = new UnderlayPlan(options.Nodes, options.Segments);
        using var network = UnderlayNetwork.Create(names, plan);
        await using var server = await StartServerAsync(cancellationToken);
        using var client = ApiClient.FromKubeconfig(options.UserKubeconfig);
        if (options.ClusterDns is [var dns, ..])
        {
            await ClusterDnsService.EnsureAsync(client, dns, cancellationToken);
        }

        var address = UnderlayPlan.Router(0)[0].ToIPAddress();
        var url = client.Access.Server;
        await using var forwarder = new ApiForwarder(
            network.Router, new IPEndPoint(address, UnderlayPlan.ApiPort), url.Host.Trim('[', ']'), url.Port);
        forwarder.Start();
        var nodes = network.Nodes.Select((inside, index) => MakeNode(plan, index + 1, inside, client)).ToList();
        var lab = new RunningLab(options, nodes, forwarder);
        LabLog.Up(logger, options.Name, nodes.Count, url);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> parts = [.. ControllerChoice.Run(options, client, logger, stop.Token), .. nodes.Select(node => node.RunAsync(stop.Token)), new ControlServer(lab).RunAsync(stop.Token)];

        // No part ends by itself: when one does, it is broken, and half a lab helps nobody.
        var first = await Task.WhenAny(parts);
        await stop.CancelAsync();
        await AwaitAllAsync(parts);
        nodes.ForEach(static node => node.Dispose());
        await first;
    }

    private async Task<IAsyncDisposable> StartServerAsync(CancellationToken cancellationToken)
    {
        if (options.Kubeconfig.Length > 0)
        {
            return new NoServer();
        }

        return await LabApiServer.StartAsync(
            new LabApiServerOptions
            {
                DataDirectory = Path.Combine(options.Folder, "api"),
                Port = options.ApiPort,
                ServicePrefixes = [.. options.ServiceCidrs.Select(static cidr => IpPrefix.Parse(cidr))],
                Time = time,
            },
            cancellationToken);
    }

    private LabNode MakeNode(UnderlayPlan plan, int number, NetworkNamespace inside, ApiClient client)
    {
        var folder = Path.Combine(options.Folder, LabNames.NodeName(number));
        var place = new NodePlace
        {
            Lab = options.Name,
            Name = LabNames.NodeName(number),
            Network = inside,
            Addresses = plan.Node(number),
            Folder = folder,
            ClusterDns = [.. options.ClusterDns.Select(static address => IpAddress.Parse(address))],
            Program = ProgramStart.OwnPath,
            CniPluginFolder = options.CniPlugins.Length > 0 ? options.CniPlugins : Path.Combine(folder, "cni/bin"),
        };
        foreach (var made in (string[])[place.CniConfigFolder, place.CniPluginFolder, place.PodsFolder, Path.Combine(folder, "state"), Path.Combine(folder, "run")])
        {
            Directory.CreateDirectory(made);
        }

        var kubeconfig = Path.Combine(folder, "kubeconfig");
        File.WriteAllText(kubeconfig, NodeFiles.Kubeconfig(options.UserKubeconfig, $"{UnderlayPlan.Router(0)[0]}:{UnderlayPlan.ApiPort}"));
        File.SetUnixFileMode(kubeconfig, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(Path.Combine(folder, "kn.yaml"), NodeFiles.Config(place, options));
        return new LabNode(place, options.Kn, client, logger, time);
    }

    private static async Task AwaitAllAsync(IEnumerable<Task> parts)
    {
        foreach (var part in parts)
        {
            try
            {
                await part;
            }
#pragma warning disable CA1031 // The first failure is thrown by the caller; those that follow from it only stand in its way.
            catch (Exception)
#pragma warning restore CA1031
            {
                // See above.
            }
        }
    }

    /// <summary>Runs the daemon of a lab's folder until SIGTERM or SIGINT: <c>kn-lab serve</c>.</summary>
    public static async Task<int> ServeFolderAsync(LabOptions options, ILogger logger)
    {
        using var held = LabLock.TryTake(options.Folder);
        if (held is null)
        {
            LabLog.AlreadyUp(logger, options.Name);
            return 1;
        }

        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            await new LabDaemon(options, logger, TimeProvider.System).RunAsync(stop.Token);
            return 0;
        }
#pragma warning disable CA1031 // The last supervisor: what ended the lab must be in its log.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LabLog.Broken(logger, e, options.Name);
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private sealed class NoServer : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
