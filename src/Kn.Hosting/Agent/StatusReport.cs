using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Hosting.Health;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Agent;

/// <summary>Answers the verb <c>status</c>.</summary>
internal sealed class StatusReport(string node, string version, AgentModules modules, AgentHealth health, ClusterCache cache, IClusterConnection connection)
{
    /// <summary>The verb.</summary>
    internal const string Verb = "status";

    /// <summary>Set once everything is in place.</summary>
    internal double? StartSeconds { get; set; }

    internal Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new ControlResponse(0, JsonSerializer.SerializeToUtf8Bytes(Read(), AgentStatusJson.Readable.AgentStatus)));

    private AgentStatus Read() => new()
    {
        Node = node,
        Version = version,
        ProcessId = Environment.ProcessId,
        UptimeSeconds = Math.Round(ProcessMetrics.ProcessAge().TotalSeconds, 2),
        StartSeconds = StartSeconds,
        Ready = health.Ready().IsGood,
        Cache = ReadCache(),
        Modules = [.. modules.Enabled.Select(static module => Module(module, enabled: true)), .. modules.Disabled.Select(static module => Module(module, enabled: false))],
    };

    private CacheStatus ReadCache()
    {
        var kinds = cache.Kinds.Select(static kind => new KindReport(kind.Kind.Plural, kind.Objects, Word(kind.Origin), kind.Problem)).ToList();
        var problem = connection.Problem ?? kinds.Select(static kind => kind.Problem).FirstOrDefault(static problem => problem is not null);
        return new CacheStatus(connection.Server, Word(cache.Origin), problem, kinds);
    }

    private static string Word(CacheOrigin origin) => origin switch
    {
        CacheOrigin.Api => "api",
        CacheOrigin.Snapshot => "snapshot",
        _ => "none",
    };

    private static ModuleReport Module(SupervisedModule module, bool enabled)
    {
        var status = module.Context.Status.Read();
        var state = !enabled ? "disabled" : JsonNamingPolicy.CamelCase.ConvertName(status.State.ToString());
        var parts = status.Parts.Select(static part => new PartReport(
            part.Name,
            part.Ready,
            part.Count,
            part.Error,
            [.. part.Problems.Select(static problem => new ProblemReport(problem.Kind, problem.Key.ToString(), problem.Message))]));
        return new ModuleReport(status.Name, state, enabled && status.IsReady, status.Restarts, status.LastError, status.Facts.ToDictionary(), [.. parts]);
    }
}
