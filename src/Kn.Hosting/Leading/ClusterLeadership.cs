using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Leases;
using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Leading;

/// <summary>Work that one node does for the whole cluster, such as giving out addresses and writing the status of Ingresses: one Lease
/// for all of it, so that what the modules write together is written by one node. Thread-safe.</summary>
/// <remarks>A node takes part while one of its modules does. Who is not needed does not even ask for the Lease.</remarks>
public sealed class ClusterLeadership
{
    /// <summary>Where the Lease is.</summary>
    public static readonly ObjectKey LeaseKey = new("kube-system", "kn");

    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LeaderElection? _election;
    private LeaderTerm? _term;
    private int _participants;

    /// <summary>True while this node leads.</summary>
    public bool IsLeader
    {
        get
        {
            lock (_lock)
            {
                return _term is not null;
            }
        }
    }

    /// <summary>The node that leads, as far as this one knows; empty when nobody does, or when this node takes no part.</summary>
    public string Leader => Volatile.Read(ref _election)?.Leader ?? "";

    /// <summary>Takes part until cancelled; runs <paramref name="work"/> each time that this node leads.</summary>
    /// <param name="work">Given the API server, and a token that is cancelled when the node leads no longer: it must stop writing then. When it
    /// returns early it is not called again in this term; what it throws is thrown here, and this module takes part no longer.</param>
    /// <param name="cancellationToken">Ends the participation.</param>
    public async Task LeadAsync(Func<ApiClient, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        Participate(1);
        try
        {
            LeaderTerm? last = null;
            while (true)
            {
                last = await NextTermAsync(last, cancellationToken);
                await last.WorkAsync(work, cancellationToken);
            }
        }
        finally
        {
            Participate(-1);
        }
    }

    /// <summary>Stands for election while a module takes part, until cancelled; then gives the Lease back, after the modules' work has stopped.</summary>
    /// <param name="node">This node's name.</param>
    /// <param name="client">The API server; null while there is none.</param>
    /// <param name="cache">Tells how many nodes there are.</param>
    /// <param name="logger">For what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal Task RunAsync(string node, Func<ApiClient?> client, ClusterCache cache, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = new ElectionOptions { Identity = node, Candidates = () => cache.Current.Nodes.Count };
        return RunAsync(new LeaderElection(options, new ApiLeaseStore(client, LeaseKey), time, logger), client, cancellationToken);
    }

    /// <summary>The same with an election of the caller's, for tests.</summary>
    internal async Task RunAsync(LeaderElection election, Func<ApiClient?> client, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _election, election);
        while (await WhenParticipantsAsync(static count => count > 0, cancellationToken))
        {
            using var candidacy = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var standing = election.RunAsync(term => LeadAsync(client, term), candidacy.Token);
            await Task.WhenAny(standing, WhenParticipantsAsync(static count => count == 0, candidacy.Token));
            await candidacy.CancelAsync();
            await standing;
        }
    }

    private async Task LeadAsync(Func<ApiClient?> client, CancellationToken cancellationToken)
    {
        if (client() is not { } server)
        {
            return;
        }

        using var term = new LeaderTerm(server, cancellationToken);
        SetTerm(term);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        SetTerm(null);
        await term.WhenIdleAsync();
    }

    private async Task<LeaderTerm> NextTermAsync(LeaderTerm? last, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_term is { } term && term != last && term.TryEnter())
                {
                    return term;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>False when cancelled.</summary>
    private async Task<bool> WhenParticipantsAsync(Func<int, bool> condition, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task changed;
            lock (_lock)
            {
                if (condition(_participants))
                {
                    return true;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    private void SetTerm(LeaderTerm? term)
    {
        lock (_lock)
        {
            _term = term;
            Wake();
        }
    }

    private void Participate(int by)
    {
        lock (_lock)
        {
            _participants += by;
            Wake();
        }
    }

    private void Wake()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }
}
