using Kn.Lab.Api;
using Kn.Lab.Cni;
using Kn.Lab.Kubelet;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

/// <summary>A node of the lab with all that lives on it: registration, pods, and the real agent.</summary>
internal sealed class LabNode : IDisposable
{
    private readonly NodeHeartbeat _heartbeat;

    /// <summary>Makes a node; nothing runs yet.</summary>
    /// <param name="place">Where.</param>
    /// <param name="kn">The kn binary; empty for a node without an agent.</param>
    /// <param name="client">The API server, as the lab itself reaches it.</param>
    /// <param name="logger">For what happens here.</param>
    /// <param name="time">The clock.</param>
    public LabNode(NodePlace place, string kn, ApiClient client, ILogger logger, TimeProvider time)
    {
        Place = place;
        Agent = kn.Length > 0 ? new NodeAgent(place, kn, logger, time) : null;
        Kubelet = new MiniKubelet(place, client, logger, time);
        _heartbeat = new NodeHeartbeat(place, client, HasNetwork, logger, time);
    }

    /// <summary>Names, folders, namespace.</summary>
    public NodePlace Place { get; }

    /// <summary>The agent; null when the lab runs none.</summary>
    public NodeAgent? Agent { get; }

    /// <summary>The pods.</summary>
    public MiniKubelet Kubelet { get; }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        _heartbeat.RunAsync(cancellationToken),
        Kubelet.RunAsync(cancellationToken),
        Agent?.RunAsync(cancellationToken) ?? Task.CompletedTask);

    /// <summary>The node in <c>kn-lab status</c>.</summary>
    public LabNodeStatus Status() => new()
    {
        Name = Place.Name,
        Addresses = [.. Place.Addresses.Select(static address => address.ToString())],
        Ready = _heartbeat.IsReady,
        AgentPid = Agent?.Pid ?? 0,
        AgentStarts = Agent?.Starts ?? 0,
        Pods = Kubelet.PodCount,
        Folder = Place.Folder,
    };

    /// <inheritdoc/>
    public void Dispose() => Agent?.Dispose();

    // As container runtimes say NetworkReady: a configuration is there and its plugins can be called.
    private bool HasNetwork()
    {
        try
        {
            return CniNetwork.FindFirst(Place.CniConfigFolder) is not null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
    }
}
