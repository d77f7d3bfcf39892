using System.Globalization;
using Kn.Cni.Attaching;
using Kn.Cni.Ipam;
using Kn.Cni.Table;
using Kn.Hosting.Modules;
using Kn.Hosting.Pods;
using Kn.Linux.Conntrack;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Microsoft.Extensions.Logging;

namespace Kn.Cni;

/// <summary>The running parts of the module, made together and disposed together.</summary>
internal sealed class CniParts : IDisposable
{
    private readonly ModuleStatus _status;
    private readonly ConntrackSocket _conntrack = ConntrackSocket.Open();
    private readonly RouteSocket _host = RouteSocket.Open();

    private CniParts(ModuleContext context, CniOptions options, AttachmentJournal journal)
    {
        _status = context.Status;
        Time = context.Time;
        Gates = context.PodGates;
        Logger = context.Loggers.CreateLogger("cni");
        Journal = journal;
        Links = new PodLinks(_host);
        Allocator = new AddressAllocator(options.Ipam, Time);
        PodCidrs = new PodCidrs(Allocator, Time);
        Reaper = new LinkReaper(Links, Allocator, Logger, Time);
        Pods = new PodLookup(context.Cache, Time);
        Table = new CniTable(Nft);
        Capabilities = new PodCapabilities(Table, _conntrack, Pods, Logger);
        Attachments = new NodeAttachments(Links, Journal, Allocator, Reaper, Logger, Time)
        {
            Pods = context.AttachedPods,
            Sources = new PodRouteSources(_host),
            Bridge = new NodeBridge(_host, Links, Allocator, options, () => CniLog.NoBridgeNetfilter(Logger, options.Bridge.Name)),
        };
        Attacher = new PodAttacher(Attachments, new AddressChoice(Attachments, Pods), Capabilities);
        Repair = new NodeEndRepair(Attachments);
        Mtu = new PodMtu(Attachments, options, context.Encapsulation);
        Metrics = new CniMetrics(context.Metrics, Allocator, () => Reaper.Waiting);
        context.Metrics.GaugeCallback("kn_cni_host_ports", "Ports of the node that lead to pods.", () => Table.HostPortCount);
        Alarm = new ExhaustionAlarm(context.Node.Name, context.Events, Metrics);
    }

    public TimeProvider Time { get; }

    public PodGates Gates { get; }

    public ILogger Logger { get; }

    public AttachmentJournal Journal { get; }

    public PodLinks Links { get; }

    public NftSocket Nft { get; } = NftSocket.Open();

    public CniTable Table { get; }

    public PodCapabilities Capabilities { get; }

    public AddressAllocator Allocator { get; }

    public PodCidrs PodCidrs { get; }

    public LinkReaper Reaper { get; }

    public NodeAttachments Attachments { get; }

    public PodLookup Pods { get; }

    public PodAttacher Attacher { get; }

    public NodeEndRepair Repair { get; }

    public PodMtu Mtu { get; }

    public CniMetrics Metrics { get; }

    public ExhaustionAlarm Alarm { get; }

    /// <summary>Where the journal is.</summary>
    public static string JournalPath(ModuleContext context) => Path.Combine(context.Node.Paths.State, "cni", "attachments");

    /// <summary>Opens the journal and the sockets.</summary>
    public static CniParts Open(ModuleContext context, CniOptions options) => new(context, options, AttachmentJournal.Open(JournalPath(context)));

    /// <summary>What <c>kn status</c> shows: pods, and how full each podCIDR is.</summary>
    public void TellStatus()
    {
        _status.SetFact("pods", Journal.Read(static table => table.All.Count).ToString(CultureInfo.InvariantCulture));
        _status.SetFact("stateProblem", Journal.Problem);
        var usage = Allocator.Usage;
        _status.SetFact("addresses", usage.IsEmpty ? null : string.Join(", ", usage.Select(static pool => $"{pool.Prefix}: {pool.Taken} of {pool.Taken + pool.Free} used")));
    }

    public void Dispose()
    {
        Mtu.Dispose();
        Reaper.Dispose();
        Links.Dispose();
        Nft.Dispose();
        _conntrack.Dispose();
        Journal.Dispose();
    }
}
