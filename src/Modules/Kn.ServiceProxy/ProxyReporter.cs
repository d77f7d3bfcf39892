using Kn.Hosting.Modules;
using Kn.ServiceProxy.Tables;
using Microsoft.Extensions.Logging;

namespace Kn.ServiceProxy;

/// <summary>Turns what the target does into metrics, log lines and facts of <c>kn status</c>.</summary>
internal sealed class ProxyReporter(ServiceProxyMetrics metrics, ModuleStatus status, ILogger logger, TimeProvider time) : ProxyTargetObserver
{
    private int _conflicts;

    /// <inheritdoc/>
    public override void Applied(ProxyBatch batch, TableState state, TimeSpan took)
    {
        if (!batch.IsEmpty)
        {
            metrics.SyncSeconds.Observe(took);
            metrics.Elements.Add(batch.ElementCount);
            metrics.Chains.Add(batch.Classes.Count);
            metrics.Replacements.Add(batch.ReplacesTable ? 1 : 0);
            ServiceProxyLog.Applied(logger, batch.ElementCount, batch.Classes.Count);
        }

        metrics.LastSync.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        Tell(state);
    }

    /// <inheritdoc/>
    public override void Refused() => metrics.SyncFailures.Increment();

    /// <inheritdoc/>
    public override void Adopted(TableState state, StrayPiece? strays)
    {
        ServiceProxyLog.Adopted(logger, state.PortCount);
        if (strays is not null)
        {
            ServiceProxyLog.Strays(logger, strays.Elements.Count);
        }

        Tell(state);
    }

    /// <inheritdoc/>
    public override void WillReplace(string found, string wanted) => ServiceProxyLog.WillReplace(logger, found, wanted);

    /// <inheritdoc/>
    public override void FlowsForgotten(int flows)
    {
        metrics.FlowsForgotten.Add(flows);
        ServiceProxyLog.FlowsForgotten(logger, flows);
    }

    /// <inheritdoc/>
    public override void FlowsKept(string error) => ServiceProxyLog.FlowsKept(logger, error);

    private void Tell(TableState state)
    {
        metrics.ServicePorts.Set(state.PortCount);
        metrics.Conflicts.Set(state.Conflicts);
        status.SetFact("servicePorts", state.PortCount.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (state.Conflicts > _conflicts)
        {
            ServiceProxyLog.Conflicts(logger, state.Conflicts);
        }

        _conflicts = state.Conflicts;
    }
}
