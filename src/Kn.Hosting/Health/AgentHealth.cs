using System.Text;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Health;

/// <summary>What /healthz and /readyz answer.</summary>
/// <param name="cache">The cache.</param>
/// <param name="modules">The enabled modules.</param>
/// <param name="clusterProblem">Why the API server cannot even be asked; null when it can.</param>
public sealed class AgentHealth(ClusterCache cache, IReadOnlyList<ModuleStatus> modules, Func<string?>? clusterProblem = null)
{
    /// <summary>A change of the kernel takes milliseconds, the first of a huge cluster seconds; one that takes this long will not end.</summary>
    public static readonly TimeSpan StuckAfter = TimeSpan.FromMinutes(2);

    /// <summary>A part that has failed this long, tried again every half minute, does not come back by itself.</summary>
    public static readonly TimeSpan FailedAfter = TimeSpan.FromMinutes(5);

    /// <summary>Live: no module has failed, none of its parts is stuck or has failed for long.</summary>
    public HealthReport Live()
    {
        var report = new HealthReport.Builder();
        foreach (var module in modules.Select(static module => module.Read()))
        {
            var fault = WhyNotLive(module);
            report.Add(module.Name, fault is null, fault ?? "");
        }

        return report.Build();
    }

    /// <summary>Whether some part is stuck: only a new process helps, so the watchdog is not pinged. A module that fails does not
    /// count: it is started again by itself, and the others must not be stopped for it.</summary>
    public bool IsStuck() => modules.Any(static module => module.Read().Parts.Any(static part => part.BusyFor > StuckAfter));

    /// <summary>Ready: the cache is filled, and everything that the enabled modules keep was in place once.</summary>
    public HealthReport Ready()
    {
        var report = new HealthReport.Builder();
        report.Add("cache", cache.IsSynced || cache.Kinds.Count == 0, clusterProblem?.Invoke() ?? "waits for the API server, and there is no snapshot of an earlier run");
        foreach (var module in modules.Select(static module => module.Read()))
        {
            report.Add(module.Name, module.IsReady, WhyNotReady(module));
        }

        return report.Build();
    }

    private static string? WhyNotLive(ModuleStatusSnapshot module)
    {
        if (module.State == ModuleState.Failed)
        {
            return $"failed: {module.LastError}";
        }

        var faults = module.Parts.Select(WhyNotLive).OfType<string>().ToList();
        return faults.Count == 0 ? null : string.Join("; ", faults);
    }

    private static string? WhyNotLive(StatusPartSnapshot part) =>
        part.BusyFor > StuckAfter ? $"{part.Name} is stuck: its change has been running for {Duration.Format(WholeSeconds(part.BusyFor))}"
        : part.FailingFor > FailedAfter ? $"{part.Name} has failed for {Duration.Format(WholeSeconds(part.FailingFor))}: {part.Error}"
        : null;

    private static TimeSpan WholeSeconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds));

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
