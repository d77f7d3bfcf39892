using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Leading;
using Kn.Hosting.Metrics;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Hosting.Services;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Modules;

/// <summary>What the host gives a module.</summary>
public sealed record ModuleContext
{
    /// <summary>Settings that concern all modules: node name, paths, the cluster's prefixes.</summary>
    public required NodeOptions Node { get; init; }

    /// <summary>The one cache.</summary>
    public required ClusterCache Cache { get; init; }

    /// <summary>Makes the module's loggers.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Where the module registers its metrics.</summary>
    public required MetricRegistry Metrics { get; init; }

    /// <summary>Where the module registers what the CLI and the CNI call may ask of it.</summary>
    public required ControlHandlers Control { get; init; }

    /// <summary>What the module says in <c>kn status</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
    public required ModuleStatus Status { get; init; }

    /// <summary>Modules that a new pod has to wait for.</summary>
    public required PodGates PodGates { get; init; }

    /// <summary>Pods of this node as CNI knows them: the module Cni says it, Policy guards them before the API knows their addresses.</summary>
    public AttachedPods AttachedPods { get; init; } = new();

    /// <summary>Where the module tells the cluster what happened.</summary>
    public IEventRecorder Events { get; init; } = new UnheardEvents();

    /// <summary>What the way to other nodes' pods costs every packet: the module Routes says it, pods' MTU follows it.</summary>
    public EncapsulationOverhead Encapsulation { get; init; } = new();

    /// <summary>What the node remembers of flows: the module Routes keeps it, the module Policy has it forget.</summary>
    public ForwardingMemory Forwarding { get; init; } = new();

    /// <summary>Which Services the node's proxy has put in place: the module ServiceProxy says it, DNS waits for it.</summary>
    public ProgrammedServices ProgrammedServices { get; init; } = new();

    /// <summary>Which load-balancer addresses BGP advertises: the module LoadBalancer says it, Routes asks.</summary>
    public AddressAnnouncement Announcement { get; init; } = new();

    /// <summary>For changes of tens of thousands of kernel objects at once.</summary>
    public BulkChanges Bulk { get; init; } = new();

    /// <summary>Sockets that outlive the process: a module takes over at its start what the last process stored.</summary>
    public IStoredSockets StoredSockets { get; init; } = new NothingStored();

    /// <summary>Work that one node does for the whole cluster.</summary>
    public ClusterLeadership Leadership { get; init; } = new();

    /// <summary>The API server, for the few things that are read or written one by one; null while there is none. Objects come from the cache.</summary>
    public Func<ApiClient?> Api { get; init; } = static () => null;

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}
