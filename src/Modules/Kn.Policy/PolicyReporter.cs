using System.Diagnostics;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Policy.Tables;
using Microsoft.Extensions.Logging;

namespace Kn.Policy;

/// <summary>Turns what the target does into metrics and log lines.</summary>
internal sealed class PolicyReporter(PolicyMetrics metrics, ILogger logger, NamespaceEvents? events = null)
{
    /// <summary>Sends a batch, and counts it.</summary>
    /// <exception cref="NftException">The kernel refused it.</exception>
    public void Send(IPolicyTable table, NftBatch batch)
    {
        var start = Stopwatch.GetTimestamp();
        table.Apply(batch);
        metrics.ApplySeconds.Observe(Stopwatch.GetElapsedTime(start));
        PolicyLog.Applied(logger, batch.Operations.Count);
    }

    /// <summary>The table is made anew.</summary>
    public void Replaces(string? found, string wanted)
    {
        metrics.Replacements.Increment();
        if (found is not null)
        {
            PolicyLog.Replaces(logger, found, wanted);
        }
    }

    /// <summary>The table was compared with what it should be, and is that now.</summary>
    public void Adopted(int differences) => PolicyLog.Adopted(logger, differences);

    /// <summary>A namespace changed.</summary>
    public void Sees(ClusterSnapshot cluster, string @namespace) => events?.See(cluster, @namespace);

    /// <summary>Every namespace may have changed.</summary>
    public void SeesAll(ClusterSnapshot cluster) => events?.SeeAll(cluster);

    /// <summary>What the table holds now.</summary>
    public void Tell(PolicyState state)
    {
        var (identities, classes, profiles) = state.Counts;
        metrics.Identities.Set(identities);
        metrics.Classes.Set(classes);
        metrics.Profiles.Set(profiles);
        metrics.Generation.Set(state.Generation);
    }
}
