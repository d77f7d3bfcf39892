using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Hosting.Pods;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>Attaches pods, checks them and takes them away: the journal, the addresses and the kernel in step.</summary>
/// <remarks>The order of ADD: addresses, journal (written), link, pod, node, gates, journal (on the disk), answer. The disk works while the
/// kernel does. Whatever fails, everything before it is undone; whoever is killed half-way leaves a journal entry that is not complete,
/// and the next start undoes it.</remarks>
public sealed class PodAttacher
{
    private readonly PodLinks _links;
    private readonly AttachmentJournal _journal;
    private readonly AddressAllocator _allocator;
    private readonly LinkReaper _reaper;
    private readonly ILogger _logger;
    private readonly AttachmentLocks _locks = new();

    /// <summary>An attacher over these parts, which it does not own.</summary>
    public PodAttacher(PodLinks links, AttachmentJournal journal, AddressAllocator allocator, LinkReaper reaper, ILogger logger)
    {
        _links = links;
        _journal = journal;
        _allocator = allocator;
        _reaper = reaper;
        _logger = logger;
    }

    /// <summary>What pods may have beyond an interface; null where nothing of it is offered.</summary>
    internal PodCapabilities? Capabilities { get; init; }

    /// <summary>Called before each step of ADD; a test throws from it.</summary>
    internal Action<AttachStep>? BeforeStep { get; set; }

    /// <summary>Attaches a pod.</summary>
    /// <param name="request">ADD.</param>
    /// <param name="mtu">MTU of its link.</param>
    /// <param name="awaitGatesAsync">Waits until the node is ready for the pod.</param>
    /// <param name="cancellationToken">Undoes what was begun.</param>
    /// <exception cref="CniException">What is wrong; nothing is left behind.</exception>
    public async Task<AttachmentPlan> AddAsync(
        CniRequest request, uint mtu, Func<NewPod, CancellationToken, Task> awaitGatesAsync, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(request.Key, cancellationToken);
        using var pod = _links.OpenPod(request.NamespacePath);
        if (Find(request.Key) is not null)
        {
            throw new CniException(CniErrorCode.AlreadyAttached, $"container {request.Key.ContainerId} has interface {request.Key.InterfaceName} already", "DEL it first");
        }

        BeforeStep?.Invoke(AttachStep.TakeAddresses);
        var attachment = Describe(request, _allocator.Take());
        try
        {
            return await AttachAsync(new AttachmentPlan(attachment, mtu), pod, awaitGatesAsync, cancellationToken);
        }
        catch
        {
            Undo(attachment);
            throw;
        }
    }

    /// <summary>Takes a pod away. What is not there is no error.</summary>
    public async Task RemoveAsync(AttachmentKey key, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(key, cancellationToken);
        var attachment = Find(key);
        Capabilities?.Withdraw(key);
        var hadLink = _links.Unlink(PodLinkNames.HostLink(key), attachment?.Addresses ?? default);
        if (attachment is not null)
        {
            Forget(attachment);
            CniLog.Detached(_logger, key);
        }
        else if (hadLink)
        {
            _reaper.Add(default);
        }
    }

    /// <summary>Compares an attachment with the kernel.</summary>
    /// <exception cref="CniException">Code 103 with the first thing that is missing or wrong, all of them in the details.</exception>
    public async Task CheckAsync(CniRequest request, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(request.Key, cancellationToken);
        var expected = request.Config.PreviousResult
            ?? throw new CniException(CniErrorCode.InvalidConfig, "prevResult: CHECK needs the result of the ADD");
        var attachment = Find(request.Key)
            ?? throw new CniException(CniErrorCode.CheckFailed, $"container {request.Key.ContainerId} has no interface {request.Key.InterfaceName} of this network");
        using var pod = _links.OpenPod(request.NamespacePath);
        var inside = pod.Run(() =>
        {
            using var socket = RouteSocket.Open();
            return PodState.Read(socket, request.Key.InterfaceName);
        });
        var plan = new AttachmentPlan(attachment, inside.Link?.Mtu ?? 0);
        var faults = AttachmentCheck.InPod(plan, expected, request.NamespacePath, inside)
            .Concat(AttachmentCheck.OnHost(plan, _links.ReadHostEnd(plan.HostLink)))
            .Concat(Capabilities?.FindFaults(attachment) ?? [])
            .ToList();
        if (faults.Count > 0)
        {
            throw new CniException(CniErrorCode.CheckFailed, faults[0], faults.Count > 1 ? string.Join("; ", faults) : null);
        }
    }

    /// <summary>Removes every attachment of a network that is not among those to keep, and goes on after failures.</summary>
    /// <exception cref="CniException">Code 100: some could not be removed; all were tried.</exception>
    public async Task CollectAsync(string network, IReadOnlySet<AttachmentKey> valid, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var attachment in All().Where(attachment => attachment.Network == network && !valid.Contains(attachment.Key)))
        {
            try
            {
                await RemoveAsync(attachment.Key, cancellationToken);
            }
            catch (LinuxException error)
            {
                failures.Add($"{attachment.Key}: {error.Message}");
            }
        }

        if (failures.Count > 0)
        {
            throw new CniException(CniErrorCode.KernelRefused, $"{failures.Count} attachments could not be removed", string.Join("; ", failures));
        }
    }

    /// <summary>Brings journal, addresses and kernel together after a start: running pods are adopted; half-made, lost and unknown ones removed.</summary>
    public Adoption Adopt()
    {
        _links.RemoveUnlinked();
        var present = _links.ReadHostLinks().Select(static link => link.Name).ToHashSet(StringComparer.Ordinal);
        var adopted = new HashSet<string>(StringComparer.Ordinal);
        var freed = 0;
        foreach (var attachment in All())
        {
            var link = PodLinkNames.HostLink(attachment.Key);
            if (attachment.IsComplete && present.Contains(link) && _allocator.TryAdopt(attachment.Addresses))
            {
                adopted.Add(link);
                Capabilities?.Adopt(attachment);
            }
            else
            {
                _journal.Append(new JournalRecord.Removed(attachment.Key));
                freed++;
            }
        }

        Capabilities?.EnsureTable();
        present.ExceptWith(adopted);
        foreach (var link in present)
        {
            _links.Unlink(link, default);
        }

        _links.RemoveUnlinked();
        foreach (var (plan, repair) in FindIncomplete())
        {
            TryRepair(plan, repair);
        }

        _allocator.ContinueAfter(_journal.Read(static table => table.Last));
        return new Adoption(adopted.Count, freed, present.Count);
    }

    /// <summary>Puts back what somebody else removed on the node.</summary>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        foreach (var (plan, repair) in FindIncomplete())
        {
            using var turn = await _locks.EnterAsync(plan.Attachment.Key, cancellationToken);
            if (Find(plan.Attachment.Key) == plan.Attachment)
            {
                TryRepair(plan, repair);
            }
        }
    }

    private static Attachment Describe(CniRequest request, ValueList<IpAddress> addresses) => new()
    {
        Key = request.Key,
        Network = request.Config.Name,
        NamespacePath = request.NamespacePath,
        Pod = request.Arguments.Pod,
        Addresses = addresses,
        PortMappings = request.Config.RuntimeConfig.PortMappings,
        Bandwidth = request.Config.RuntimeConfig.Bandwidth,
        Mac = request.RequestedMac,
    };

    private async Task<AttachmentPlan> AttachAsync(
        AttachmentPlan plan, NetworkNamespace pod, Func<NewPod, CancellationToken, Task> awaitGatesAsync, CancellationToken cancellationToken)
    {
        var attachment = plan.Attachment;
        Capabilities?.Claim(attachment);
        BeforeStep?.Invoke(AttachStep.WriteJournal);
        var onDisk = _journal.AppendAsync(new JournalRecord.Added(attachment));
        BeforeStep?.Invoke(AttachStep.CreateLink);
        var index = await CreateAsync(plan, pod, cancellationToken);
        BeforeStep?.Invoke(AttachStep.ConfigurePod);
        PodLinks.ConfigurePod(plan, pod);
        BeforeStep?.Invoke(AttachStep.ConfigureHost);
        _links.ConfigureHost(plan, index);
        BeforeStep?.Invoke(AttachStep.MapPorts);
        Capabilities?.Publish(attachment);
        BeforeStep?.Invoke(AttachStep.WaitForGates);
        await awaitGatesAsync(new NewPod(attachment.Pod, attachment.Addresses, plan.HostLink), cancellationToken);
        BeforeStep?.Invoke(AttachStep.FlushJournal);
        await onDisk;
        BeforeStep?.Invoke(AttachStep.Complete);
        _journal.Append(new JournalRecord.Completed(attachment.Key));
        CniLog.Attached(_logger, attachment.Key, attachment.Pod, plan.HostLink, attachment.Addresses.ToString());
        return plan;
    }

    private async Task<int> CreateAsync(AttachmentPlan plan, NetworkNamespace pod, CancellationToken cancellationToken)
    {
        try
        {
            return _links.Create(plan, pod);
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            // A link of the same name, or the same interface of the pod, may only wait to be removed.
            await _reaper.FlushAsync(cancellationToken);
        }

        try
        {
            return _links.Create(plan, pod);
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            throw new CniException(
                CniErrorCode.AlreadyAttached,
                $"the container has an interface {plan.Attachment.Key.InterfaceName} already, which is not of this network",
                error.Message,
                error);
        }
    }

    private void Undo(Attachment attachment)
    {
        try
        {
            Capabilities?.Withdraw(attachment.Key);
            _links.Unlink(PodLinkNames.HostLink(attachment.Key), attachment.Addresses);
        }
        catch (Exception error) when (error is LinuxException or CniException)
        {
            // The record stays, and with it the addresses: a DEL or the next start takes both away.
            CniLog.UndoFailed(_logger, error, attachment.Key);
            return;
        }

        Forget(attachment);
    }

    /// <summary>Ends the record. The addresses rest until the link is gone.</summary>
    private void Forget(Attachment attachment)
    {
        try
        {
            _journal.Append(new JournalRecord.Removed(attachment.Key));
        }
        catch (IOException error)
        {
            // The next start finds the record without a link, and frees it.
            CniLog.JournalWriteFailed(_logger, attachment.Key, error.Message);
        }

        _reaper.Add(attachment.Addresses);
    }

    private IReadOnlyList<(AttachmentPlan Plan, IReadOnlyList<RouteChange> Repair)> FindIncomplete() =>
        _links.FindIncomplete([.. All().Where(static attachment => attachment.IsComplete).Select(static attachment => new AttachmentPlan(attachment, mtu: 0))]);

    /// <summary>One pod that cannot be helped does not keep the others from theirs.</summary>
    private void TryRepair(AttachmentPlan plan, IReadOnlyList<RouteChange> repair)
    {
        try
        {
            _links.Apply(repair);
            CniLog.Repaired(_logger, plan.Attachment.Key, string.Join(", ", repair.Select(static change => change.Operation)));
        }
        catch (LinuxException error)
        {
            CniLog.RepairFailed(_logger, error.Message);
        }
    }

    private Attachment? Find(AttachmentKey key) => _journal.Read(table => table.TryFind(key, out var attachment) ? attachment : null);

    private Attachment[] All() => _journal.Read(static table => table.All.ToArray());
}

/// <summary>What a start found.</summary>
/// <param name="Adopted">Running pods.</param>
/// <param name="Freed">Records whose pod is gone or was half-made.</param>
/// <param name="Removed">Links of half-made or unknown pods.</param>
public readonly record struct Adoption(int Adopted, int Freed, int Removed);
