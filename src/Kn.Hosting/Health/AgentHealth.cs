using System.Text;
using Kn.Hosting.Modules;
using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Health;

/// <summary>What /healthz and /readyz answer.</summary>
/// <param name="cache">The cache.</param>
/// <param name="modules">The enabled modules.</param>
public sealed class AgentHealth(ClusterCache cache, IReadOnlyList<ModuleStatus> modules)
{
    /// <summary>Live: no module has failed.</summary>
    public HealthReport Live()
    {
        var report = new HealthReport.Builder();
        foreach (var module in modules.Select(static module => module.Read()))
        {
            report.Add(module.Name, module.State != ModuleState.Failed, $"failed: {module.LastError}");
        }

        return report.Build();
    }

    /// <summary>Ready: the cache is filled, and everything that the enabled modules keep was in place once.</summary>
    public HealthReport Ready()
    {
        var report = new HealthReport.Builder();
        report.Add("cache", cache.IsSynced || cache.Kinds.Count == 0, "waits for the API server, and there is no snapshot of an earlier run");
        foreach (var module in modules.Select(static module => module.Read()))
        {
            report.Add(module.Name, module.IsReady, WhyNotReady(module));
        }

        return report.Build();
    }

    private static string WhyNotReady(ModuleStatusSnapshot module)
    {
        if (module.State != ModuleState.Running)
        {
            return module.LastError is null ? "not started yet" : $"failed: {module.LastError}";
        }

        var waiting = module.Parts.Where(static part => !part.Ready).Select(static part => part.Error is null ? part.Name : $"{part.Name} ({part.Error})");
        return $"not in place yet: {string.Join(", ", waiting)}";
    }
}

/// <summary>An answer of /healthz or /readyz.</summary>
/// <param name="IsGood">True for status 200, false for 503.</param>
/// <param name="Text">A line for each thing that was looked at: <c>[+]name ok</c> or <c>[-]name what is wrong</c>, as the API server's own.</param>
public sealed record HealthReport(bool IsGood, string Text)
{
    internal sealed class Builder
    {
        private readonly StringBuilder _text = new();
        private bool _good = true;

        internal void Add(string name, bool good, string fault)
        {
            _good &= good;
            _text.Append(good ? "[+]" : "[-]").Append(name).Append(' ').Append(good ? "ok" : fault).Append('\n');
        }

        internal HealthReport Build() => new(_good, _text.Append(_good ? "ok\n" : "failed\n").ToString());
    }
}
