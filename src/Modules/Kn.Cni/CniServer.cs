using Kn.Cni.Attaching;
using Kn.Cni.Garbage;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Hosting.Pods;
using Kn.Linux;
using Microsoft.Extensions.Logging;

namespace Kn.Cni;

/// <summary>Answers CNI calls: the verb "cni" of the control socket. The plugin process only carries the runtime's words here and back.</summary>
internal sealed class CniServer
{
    private readonly CniOptions _options;
    private readonly PodAttacher _attacher;
    private readonly NetworkGarbage _garbage;
    private readonly PodCidrs _podCidrs;
    private readonly AttachmentJournal _journal;
    private readonly PodGates _gates;
    private readonly PodMtu _mtu;
    private readonly CniMetrics _metrics;
    private readonly ExhaustionAlarm _alarm;
    private readonly Action _tellStatus;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CallGate _calls = new();

    public CniServer(CniOptions options, CniParts parts)
    {
        _options = options;
        _attacher = parts.Attacher;
        _garbage = new NetworkGarbage(parts.Attachments, parts.Attacher);
        _podCidrs = parts.PodCidrs;
        _journal = parts.Journal;
        _gates = parts.Gates;
        _mtu = parts.Mtu;
        _metrics = parts.Metrics;
        _alarm = parts.Alarm;
        _tellStatus = parts.TellStatus;
        _logger = parts.Logger;
        _time = parts.Time;
    }

    /// <summary>Answers a call, unless the module is about to stop.</summary>
    public async Task<ControlResponse> HandleAsync(ControlRequest call, CancellationToken cancellationToken)
    {
        if (!_calls.TryEnter())
        {
            return Refuse();
        }

        try
        {
            return await AnswerAsync(call, cancellationToken);
        }
        finally
        {
            _calls.Leave();
        }
    }

    /// <summary>Refuses further calls, and waits for those at hand.</summary>
    public Task StopAsync() => _calls.CloseAsync();

    /// <summary>The answer while the module does not run.</summary>
    public static ControlResponse Refuse() =>
        new(1, CniResultWriter.WriteError(new CniException(CniErrorCode.TryAgainLater, "the agent's pod network is not running"), CniVersions.Newest));

    private async Task<ControlResponse> AnswerAsync(ControlRequest call, CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        CniCommand? command = null;
        var version = CniVersions.Newest;
        try
        {
            command = CniRequest.ReadCommand(call.Arguments.GetValueOrDefault("CNI_COMMAND", ""));
            if (command == CniCommand.Version)
            {
                return Succeeded(CniCommand.Version, begun, CniResultWriter.WriteVersions());
            }

            var request = CniRequest.Read(call);
            version = request.Config.Version;
            if (request.Config.Plain is not null)
            {
                throw new CniException(CniErrorCode.UnsupportedField, "ipam: the agent takes addresses from the node's podCIDRs", "a network with ipam is the plugin's own: install the plugin of this version");
            }

            return Succeeded(request.Command, begun, await AnswerAsync(request, cancellationToken));
        }
        catch (CniException error)
        {
            return Failed(command, begun, error, error.Data.Contains(nameof(CniVersion)) ? CniRequest.VersionOf(error) : version);
        }
        catch (LinuxException error)
        {
            return Failed(command, begun, new CniException(CniErrorCode.KernelRefused, error.Message), version);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Failed(command, begun, new CniException(CniErrorCode.InputOutput, $"the agent's state cannot be written: {error.Message}"), version);
        }
        catch (OperationCanceledException)
        {
            return Failed(command, begun, new CniException(CniErrorCode.TryAgainLater, "the agent is stopping"), version);
        }
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(CniRequest request, CancellationToken cancellationToken)
    {
        switch (request.Command)
        {
            case CniCommand.Add:
                return CniResultWriter.Write(await AddAsync(request, cancellationToken), request.Config.Version);
            case CniCommand.Del:
                await _attacher.RemoveAsync(request.Key, cancellationToken);
                break;
            case CniCommand.Check:
                await _attacher.CheckAsync(request, cancellationToken);
                break;
            case CniCommand.Gc:
                await _garbage.CollectAsync(request.Config.Name, request.Config.ValidAttachments ?? new HashSet<AttachmentKey>(), cancellationToken);
                break;
            case CniCommand.Status:
                RequireService();
                break;
        }

        return default;
    }

    /// <summary>Whether an ADD could work: a look at what is known, without a call to anybody. A full pool is not counted: the runtime would call the node
    /// not ready, and the pods that run would be evicted for the sake of those that do not.</summary>
    private void RequireService()
    {
        if (!_podCidrs.AreKnown)
        {
            throw new CniException(CniErrorCode.NotAvailable, "the node has no podCIDR yet");
        }

        if (!_journal.Recover())
        {
            throw new CniException(CniErrorCode.NotAvailable, $"the agent's state cannot be written: {_journal.Problem}");
        }
    }

    private async Task<CniResult> AddAsync(CniRequest request, CancellationToken cancellationToken)
    {
        await _podCidrs.WaitAsync(_options.PodCidrTimeout, cancellationToken);
        var mtu = request.Config.Mtu ?? _mtu.Current;
        var plan = await AttachAsync(request, mtu, cancellationToken);
        var result = plan.Result(request.NamespacePath, request.Dns);
        return request.Config.PreviousResult?.Append(result) ?? result;
    }

    private async Task<AttachmentPlan> AttachAsync(CniRequest request, uint mtu, CancellationToken cancellationToken)
    {
        try
        {
            return await _attacher.AddAsync(request, mtu, AwaitGatesAsync, cancellationToken);
        }
        catch (CniException refusal) when (refusal.Code == CniErrorCode.AddressesExhausted)
        {
            _alarm.Raise(request, refusal);
            throw;
        }
    }

    private async Task AwaitGatesAsync(AttachedPod pod, CancellationToken cancellationToken)
    {
        var gates = _gates.All;
        if (gates.IsEmpty)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(_options.PodReadyTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var waits = gates.Select(gate => (Gate: gate, Wait: gate.WaitAsync(pod, either.Token).WaitAsync(either.Token))).ToList();
        try
        {
            await Task.WhenAll(waits.Select(static wait => wait.Wait));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var late = waits.Where(static wait => !wait.Wait.IsCompletedSuccessfully).Select(wait => wait.Gate.Describe(pod));
            throw new CniException(
                CniErrorCode.TryAgainLater,
                $"the node is not ready for the pod: waited {_options.PodReadyTimeout.TotalSeconds} s for {string.Join("; ", late)}");
        }
    }

    private ControlResponse Succeeded(CniCommand command, long begun, ReadOnlyMemory<byte> body)
    {
        _metrics.Count(command, succeeded: true, _time.GetElapsedTime(begun));
        if (command is CniCommand.Add or CniCommand.Del or CniCommand.Gc)
        {
            _tellStatus();
        }

        return new ControlResponse(0, body);
    }

    private ControlResponse Failed(CniCommand? command, long begun, CniException error, CniVersion version)
    {
        if (command is { } known)
        {
            _metrics.Count(known, succeeded: false, _time.GetElapsedTime(begun));
        }

        CniLog.Refused(_logger, command?.ToString().ToUpperInvariant() ?? "call", (int)error.Code, error.Message);
        return new ControlResponse(1, CniResultWriter.WriteError(error, version));
    }
}
