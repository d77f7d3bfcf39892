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
internal sealed class PodAttacher
{
    private readonly NodeAttachments _attachments;
    private readonly PodLinks _links;
    private readonly AttachmentJournal _journal;
    private readonly AddressChoice _addresses;
    private readonly PodCapabilities _capabilities;
    private readonly LinkReaper _reaper;
    private readonly ILogger _logger;
    private readonly AttachmentLocks _locks;

    /// <summary>An attacher over these parts, which it does not own.</summary>
    public PodAttacher(NodeAttachments attachments, AddressChoice addresses, PodCapabilities capabilities)
    {
        _attachments = attachments;
        _links = attachments.Links;
        _journal = attachments.Journal;
        _addresses = addresses;
        _capabilities = capabilities;
        _reaper = attachments.Reaper;
        _logger = attachments.Logger;
        _locks = attachments.Locks;
    }

    /// <summary>Called before each step of ADD; a test throws from it.</summary>
    public Action<AttachStep>? BeforeStep { get; set; }

    /// <summary>Called before each step of DEL; a test kills the process from it.</summary>
    public Action<DetachStep>? BeforeDetachStep { get; set; }

    /// <summary>Attaches a pod.</summary>
    /// <param name="request">ADD.</param>
    /// <param name="mtu">MTU of its link.</param>
    /// <param name="awaitGatesAsync">Waits until the node is ready for the pod.</param>
    /// <param name="cancellationToken">Undoes what was begun.</param>
    /// <exception cref="CniException">What is wrong; nothing is left behind.</exception>
    public async Task<AttachmentPlan> AddAsync(
        CniRequest request, uint mtu, Func<AttachedPod, CancellationToken, Task> awaitGatesAsync, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(request.Key, cancellationToken);
        using var pod = _links.OpenPod(request.NamespacePath);
        if (_attachments.Find(request.Key) is not null)
        {
            throw new CniException(CniErrorCode.AlreadyAttached, $"container {request.Key.ContainerId} has interface {request.Key.InterfaceName} already", "DEL it first");
        }

        BeforeStep?.Invoke(AttachStep.TakeAddresses);
        var attachment = Describe(request, await _addresses.TakeAsync(request, cancellationToken), pod);
        try
        {
            attachment = attachment with { Bandwidth = _capabilities.BandwidthOf(request) };
            return await AttachAsync(_attachments.PlanOf(attachment, mtu), pod, awaitGatesAsync, cancellationToken);
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
        var attachment = _attachments.Find(key);
        var link = PodLinkNames.HostLink(key);
        BeforeDetachStep?.Invoke(DetachStep.Unlink);
        _capabilities.Withdraw(key);
        var hadLink = _links.Unlink(link, attachment?.Addresses ?? default);
        var found = _attachments.Foundlings.Take(link);
        if (attachment is not null)
        {
            Forget(attachment);
            CniLog.Detached(_logger, key);
        }
        else if (hadLink || !found.IsEmpty)
        {
            _reaper.Add(found);
        }
    }

    /// <summary>Takes a pod away if it still is the one that was looked at: not when a DEL or an ADD came in between, or an ADD came to its end.</summary>
    /// <returns>Whether it was.</returns>
    public async Task<bool> TryRemoveAsync(Attachment attachment, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(attachment.Key, cancellationToken);
        if (_attachments.Find(attachment.Key) != attachment)
        {
            return false;
        }

        _capabilities.Withdraw(attachment.Key);
        _links.Unlink(PodLinkNames.HostLink(attachment.Key), attachment.Addresses);
        Forget(attachment);
        CniLog.Detached(_logger, attachment.Key);
        return true;
    }

    /// <summary>Takes a pod without a record away.</summary>
    public void RemoveFoundling(string link)
    {
        _capabilities.WithdrawLink(link);
        _links.Unlink(link, default);
        _reaper.Add(_attachments.Foundlings.Take(link));
    }

    /// <summary>Compares an attachment with the kernel.</summary>
    /// <exception cref="CniException">Code 103 with the first thing that is missing or wrong, all of them in the details.</exception>
    public async Task CheckAsync(CniRequest request, CancellationToken cancellationToken)
    {
        using var turn = await _locks.EnterAsync(request.Key, cancellationToken);
        var expected = request.Config.PreviousResult
            ?? throw new CniException(CniErrorCode.InvalidConfig, "prevResult: CHECK needs the result of the ADD");
        var attachment = _attachments.Find(request.Key)
            ?? throw new CniException(CniErrorCode.CheckFailed, $"container {request.Key.ContainerId} has no interface {request.Key.InterfaceName} of this network");
        using var pod = _links.OpenPod(request.NamespacePath);
        var inside = pod.Run(() =>
        {
            using var socket = RouteSocket.Open();
            return PodState.Read(socket, request.Key.InterfaceName);
        });
        // Later plugins may have given the pod another hardware address; the node must know that one.
        var plan = _attachments.PlanOf(attachment with { Mac = inside.Link?.Mac ?? attachment.Mac }, inside.Link?.Mtu ?? 0);
        var hostEnd = _links.ReadHostEnd(plan.HostLink);
        var faults = AttachmentCheck.InPod(plan, expected, request.NamespacePath, inside, attachment.Mtu is null ? hostEnd.Link?.Mtu : null)
            .Concat(AttachmentCheck.OnHost(plan, hostEnd))
            .Concat(attachment.Bridge.Length > 0 ? _attachments.Bridge.FindFaults() : [])
            .Concat(_capabilities.FindFaults(attachment))
            .ToList();
        if (faults.Count > 0)
        {
            throw new CniException(CniErrorCode.CheckFailed, faults[0], faults.Count > 1 ? string.Join("; ", faults) : null);
        }
    }

    private Attachment Describe(CniRequest request, ValueList<IpAddress> addresses, NetworkNamespace pod) => new()
    {
        Key = request.Key,
        Network = request.Config.Name,
        NamespacePath = request.NamespacePath,
        NamespaceInode = pod.Inode,
        // As precise as the journal has it.
        AddedAt = DateTimeOffset.FromUnixTimeMilliseconds(_attachments.Time.GetUtcNow().ToUnixTimeMilliseconds()),
        Pod = request.Arguments.Pod,
        PodUid = request.Arguments.PodUid,
        Addresses = addresses,
        PortMappings = request.Config.RuntimeConfig.PortMappings,
        Mac = request.RequestedMac,
        Bridge = _attachments.Bridge.IsForNewPods ? _attachments.Bridge.Name : "",
        Mtu = request.Config.Mtu,
    };

    private async Task<AttachmentPlan> AttachAsync(
        AttachmentPlan plan, NetworkNamespace pod, Func<AttachedPod, CancellationToken, Task> awaitGatesAsync, CancellationToken cancellationToken)
    {
        var attachment = plan.Attachment;
        _capabilities.Claim(attachment);
        BeforeStep?.Invoke(AttachStep.WriteJournal);
        var onDisk = _journal.AppendAsync(new JournalRecord.Added(attachment));
        _attachments.Pods.Set(attachment.ToPod());
        BeforeStep?.Invoke(AttachStep.CreateLink);
        var index = await CreateAsync(plan, pod, cancellationToken);
        BeforeStep?.Invoke(AttachStep.ConfigurePod);
        PodLinks.ConfigurePod(plan, pod);
        BeforeStep?.Invoke(AttachStep.ConfigureHost);
        _links.ConfigureHost(plan, index);
        _attachments.Macs.Expect(index, attachment.Key, plan.PodMac);
        if (plan.IsRouted)
        {
            _attachments.Bridge.AnswerFor(attachment.Addresses);
        }

        BeforeStep?.Invoke(AttachStep.MapPorts);
        _capabilities.Publish(attachment);
        BeforeStep?.Invoke(AttachStep.WaitForGates);
        await awaitGatesAsync(attachment.ToPod(), cancellationToken);
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
            _capabilities.Withdraw(attachment.Key);
            _links.Unlink(PodLinkNames.HostLink(attachment.Key), attachment.Addresses);
        }
        catch (LinuxException error)
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
        BeforeDetachStep?.Invoke(DetachStep.WriteJournal);
        if (_journal.Forget(attachment.Key, _attachments.Time.GetUtcNow()) is { } error)
        {
            CniLog.JournalWriteFailed(_logger, attachment.Key, error);
        }

        _attachments.Pods.Remove(PodLinkNames.HostLink(attachment.Key));
        _attachments.Macs.Forget(attachment.Key);
        _attachments.Bridge.AnswerNoMore(attachment.Addresses);
        BeforeDetachStep?.Invoke(DetachStep.Answer);
        _reaper.Add(attachment.Addresses);
    }
}
