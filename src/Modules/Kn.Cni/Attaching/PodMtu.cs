using System.Threading.Channels;
using Kn.Cni.Ipam;
using Kn.Hosting;
using Kn.Hosting.Pods;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>The MTU for pods: the underlay's less what the way to other nodes' pods costs; running pods follow when it changes.</summary>
/// <remarks>Pods whose CNI configuration states an MTU keep it, and so does a pod's end that a later plugin of the chain changed.</remarks>
internal sealed class PodMtu : IDisposable
{
    /// <summary>Who changes one link changes more.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private readonly NodeAttachments _attachments;
    private readonly CniOptions _options;
    private readonly EncapsulationOverhead _encapsulation;
    private readonly RouteMonitor _monitor;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private uint _current;

    /// <summary>Begins to listen; the first value is there when this returns.</summary>
    public PodMtu(NodeAttachments attachments, CniOptions options, EncapsulationOverhead encapsulation)
    {
        _attachments = attachments;
        _options = options;
        _encapsulation = encapsulation;
        _monitor = RouteMonitor.Open(RouteMonitorGroups.Links | RouteMonitorGroups.Routes, concerns: Concerns);
        _encapsulation.Changed += Signal;
        Refresh();
        Signal();
    }

    /// <summary>What new pods get.</summary>
    public uint Current => Volatile.Read(ref _current);

    /// <summary>Listens until cancelled.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _monitor.ReadAllAsync(cancellationToken))
        {
            Signal();
        }
    }

    /// <summary>Lets pods follow until cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.Reader.ReadAsync(cancellationToken);
            await Task.Delay(Gathering, _attachments.Time, cancellationToken);
            try
            {
                await FollowAllAsync(cancellationToken);
            }
            catch (LinuxException error)
            {
                CniLog.RepairFailed(_attachments.Logger, error.Message);
                Signal();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encapsulation.Changed -= Signal;
        _monitor.Dispose();
    }

    /// <summary>Which pods do not have it. Pure.</summary>
    /// <param name="attachments">The node's.</param>
    /// <param name="links">Pods' links on the node.</param>
    /// <param name="mtu">What they should have.</param>
    internal static IEnumerable<(Attachment Attachment, Link Link)> FindLate(IEnumerable<Attachment> attachments, IEnumerable<Link> links, uint mtu)
    {
        var byName = links.ToDictionary(static link => link.Name, StringComparer.Ordinal);
        foreach (var attachment in attachments)
        {
            if (attachment is { IsComplete: true, Mtu: null } && byName.TryGetValue(PodLinkNames.HostLink(attachment.Key), out var link) && link.Mtu != mtu)
            {
                yield return (attachment, link);
            }
        }
    }

    private static bool Concerns(RouteEvent change) => change switch
    {
        EventsLost => true,
        LinkEvent of => !NodeResources.IsLocalPodGroup(of.Link.Group),
        RouteChangeEvent of => of.Route.Destination.Length == 0,
        _ => false,
    };

    private void Signal() => _signal.Writer.TryWrite(true);

    private void Refresh()
    {
        var mtu = _options.Mtu ?? _attachments.Links.ReadPodMtu(_encapsulation.Bytes);
        Volatile.Write(ref _current, mtu);
        _attachments.Bridge.UseMtu(mtu);
    }

    private async Task FollowAllAsync(CancellationToken cancellationToken)
    {
        Refresh();
        var mtu = Current;
        var followed = 0;
        foreach (var (attachment, link) in FindLate(_attachments.All(), _attachments.Links.ReadHostLinks(), mtu).ToList())
        {
            using var turn = await _attachments.Locks.EnterAsync(attachment.Key, cancellationToken);
            if (_attachments.Find(attachment.Key) == attachment && TryChange(attachment, link, mtu))
            {
                followed++;
            }
        }

        if (followed > 0)
        {
            CniLog.MtuFollowed(_attachments.Logger, mtu, followed);
        }
    }

    /// <summary>One pod that cannot be helped does not keep the others from theirs.</summary>
    private bool TryChange(Attachment attachment, Link link, uint mtu)
    {
        try
        {
            ChangeInPod(attachment, link.Mtu, mtu);
            _attachments.Links.Apply([new ChangeLink(link.Index, new LinkChange { Mtu = mtu })]);
            return true;
        }
        catch (LinuxException error)
        {
            CniLog.MtuNotFollowed(_attachments.Logger, attachment.Key, mtu, error.Message);
            return false;
        }
    }

    private static void ChangeInPod(Attachment attachment, uint before, uint mtu)
    {
        using var pod = NetworkNamespace.Open(attachment.NamespacePath);
        if (attachment.NamespaceInode != 0 && pod.Inode != attachment.NamespaceInode)
        {
            throw new LinuxException($"open network namespace {attachment.NamespacePath}, which is another one now", Errno.ENOENT);
        }

        pod.Visit(() =>
        {
            using var inside = RouteSocket.Open();
            if (inside.FindLink(attachment.Key.InterfaceName) is { } end && end.Mtu == before)
            {
                inside.ChangeLink(end.Index, new LinkChange { Mtu = mtu });
            }
        });
    }
}
