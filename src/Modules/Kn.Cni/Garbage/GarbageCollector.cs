using System.Threading.Channels;
using Kn.Cni.Protocol;
using Kn.Linux;

namespace Kn.Cni.Garbage;

/// <summary>The agent's own collection, for runtimes that lose a DEL and never call GC (most of them).</summary>
/// <remarks>
/// <para>At once: attachments whose namespace and link are gone, for nobody can use their addresses; and ADDs that were neither
/// finished nor undone.</para>
/// <para>After a grace: attachments that are deserted (<see cref="PodLife.Deserted"/>) all the time. A pod whose containers run, or that the API
/// server has, is never touched; with the API server away no pod is.</para>
/// </remarks>
internal sealed class GarbageCollector(string node, CniOptions options, CniParts parts)
{
    /// <summary>A namespace that goes takes its link along, and the runtime's DEL may be a moment behind or ahead of it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly GraceLedger _ledger = new();

    /// <summary>Asks for a collection soon: a pod's link went, and not by us.</summary>
    public void Hint() => _signal.Writer.TryWrite(true);

    /// <summary>Collects until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitAsync(cancellationToken);
            try
            {
                await CollectAsync(cancellationToken);
            }
            catch (Exception error) when (error is LinuxException or CniException)
            {
                CniLog.CollectFailed(parts.Logger, error.Message);
            }
        }
    }

    /// <summary>Collects once.</summary>
    /// <returns>How many attachments were collected.</returns>
    public async Task<int> CollectAsync(CancellationToken cancellationToken)
    {
        var survey = NodeSurvey.Take(node, parts.Attachments, parts.Pods);
        var lives = survey.Attachments.Select(item => (item.Attachment, Life: item.LifeAt(survey.At))).ToList();
        var ripe = _ledger.Note(
            lives.Where(static item => item.Life == PodLife.Deserted).Select(static item => item.Attachment.Key), options.Ipam.CollectAfter, parts.Time).ToHashSet();
        var collected = 0;
        foreach (var (attachment, life) in lives.Where(item => item.Life is PodLife.Gone or PodLife.HalfMade || ripe.Contains(item.Attachment.Key)))
        {
            if (await parts.Attacher.TryRemoveAsync(attachment, cancellationToken))
            {
                collected++;
                parts.Metrics.Collected.Increment();
                CniLog.Collected(parts.Logger, attachment.Key, attachment.Pod, attachment.Addresses.ToString(), life.ToString().ToLowerInvariant());
            }
        }

        collected += CollectFoundlings(survey);
        if (collected > 0)
        {
            parts.TellStatus();
        }

        return collected;
    }

    /// <summary>A foundling's link is all that is known of it; when that is gone, so is the pod.</summary>
    private int CollectFoundlings(NodeSurvey survey)
    {
        var gone = survey.Foundlings.Where(foundling => !survey.HostEnds.ContainsKey(foundling.Key)).ToList();
        gone.ForEach(foundling => parts.Attacher.RemoveFoundling(foundling.Key));
        return gone.Count;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hint = _signal.Reader.WaitToReadAsync(wake.Token).AsTask();
        await Task.WhenAny(hint, Task.Delay(options.Ipam.CollectInterval, parts.Time, wake.Token));
        var isHint = hint.IsCompleted;
        await wake.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (isHint)
        {
            await Task.Delay(Gathering, parts.Time, cancellationToken);
            _signal.Reader.TryRead(out _);
        }
    }
}
