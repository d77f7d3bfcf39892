using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Control;
using Kn.Lab.Processes;
using Kn.Lab.Traffic;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Lab.Demo;

/// <summary>A lab that is up, as the demo sees it: its objects, its pods' insides, its host outside.</summary>
internal sealed class DemoCluster : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private readonly List<NetworkNamespace> _opened = [];

    /// <summary>Opens a lab that is up.</summary>
    public DemoCluster(LabOptions options)
    {
        Options = options;
        Client = ApiClient.FromKubeconfig(options.UserKubeconfig);
    }

    /// <summary>The lab's settings.</summary>
    public LabOptions Options { get; }

    /// <summary>The API server.</summary>
    public ApiClient Client { get; }

    /// <summary>The namespace that the demo's manifests use.</summary>
    public static string Namespace => "demo";

    /// <summary>The lab's state.</summary>
    /// <exception cref="LabException">It is not up any more.</exception>
    public LabStatus Status() => ControlClient.TryStatus(Options) ?? throw new LabException($"lab {Options.Name} does not answer");

    /// <summary>A client inside a pod's network namespace.</summary>
    public EchoClient InPod(string name) => In($"/proc/{ControlClient.Ask(Options, "pod", Namespace, name)}/ns/net");

    /// <summary>A client on the host outside the cluster.</summary>
    public EchoClient Outside() => In("/run/netns/" + new LabNames(Options.Name).Outside);

    /// <summary>A pod of the demo.</summary>
    public Task<JsonObject> PodAsync(string name, CancellationToken cancellationToken) => Client.GetAsync(ApiResources.Pods, Namespace, name, cancellationToken);

    /// <summary>The ready pods of the Deployment echo that still have its label.</summary>
    public async Task<IReadOnlyList<JsonObject>> EchoPodsAsync(CancellationToken cancellationToken)
    {
        var pods = await Client.ListAsync(ApiResources.Pods, Namespace, "labelSelector=app%3Decho", cancellationToken);
        return [.. pods.Items.Where(static pod => IsReady(pod) && !pod.IsDeleting())];
    }

    /// <summary>A Service's ClusterIPs.</summary>
    public async Task<IReadOnlyList<IpAddress>> ClusterIpsAsync(string name, CancellationToken cancellationToken)
    {
        var service = await Client.GetAsync(ApiResources.Services, Namespace, name, cancellationToken);
        return [.. service.Texts("spec", "clusterIPs").Select(static text => IpAddress.Parse(text))];
    }

    /// <summary>The endpoints of a Service that take new connections, of all families.</summary>
    public async Task<IReadOnlyList<string>> ReadyEndpointsAsync(string service, CancellationToken cancellationToken)
    {
        var slices = await Client.ListAsync(ApiResources.EndpointSlices, Namespace, $"labelSelector=kubernetes.io%2Fservice-name%3D{service}", cancellationToken);
        return [.. slices.Items.SelectMany(static slice => slice.Maps("endpoints"))
            .Where(static endpoint => endpoint.Flag("conditions", "ready") ?? true)
            .SelectMany(static endpoint => endpoint.Texts("addresses"))];
    }

    /// <summary>A pod's addresses.</summary>
    public static IReadOnlyList<IpAddress> AddressesOf(JsonObject pod) =>
        [.. pod.Maps("status", "podIPs").Select(static ip => IpAddress.Parse(ip.Text("ip")))];

    /// <summary>Whether a pod's condition Ready is true.</summary>
    public static bool IsReady(JsonObject pod) =>
        pod.Maps("status", "conditions").Any(static condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    /// <summary>Looks again until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within the deadline.</exception>
    public static async Task UntilAsync(string what, TimeSpan deadline, Func<Task<bool>> holdsAsync, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await holdsAsync())
        {
            if (TimeProvider.System.GetElapsedTime(since) > deadline)
            {
                throw new TimeoutException($"{what}: not within {deadline.TotalSeconds:0} s");
            }

            await Task.Delay(Glance, cancellationToken);
        }
    }

    /// <summary>Runs a program inside a node's network namespace.</summary>
    public async Task<ProgramResult> OnNodeAsync(string node, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        using var inside = NetworkNamespace.OpenNamed($"{Options.Name}-{node}");
        return await ProgramStart.RunAsync(inside, command, null, "", cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Client.Dispose();
        _opened.ForEach(static opened => opened.Dispose());
    }

    private EchoClient In(string path)
    {
        var opened = NetworkNamespace.Open(path);
        _opened.Add(opened);
        return new EchoClient(opened);
    }
}
