using System.Globalization;
using System.Text;
using Kn.Hosting.Agent;
using Kn.Hosting.Options;

namespace Kn.Commands;

/// <summary>Writes a status for people: aligned columns, two blanks between, no colours, stable for scripts that must.</summary>
internal static class StatusTable
{
    internal static string Write(AgentStatus status)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"node     {status.Node}\n");
        text.Append(CultureInfo.InvariantCulture, $"version  {status.Version}\n");
        text.Append(CultureInfo.InvariantCulture, $"agent    {(status.Ready ? "ready" : "not ready")}, pid {status.ProcessId}, up {Uptime(status.UptimeSeconds)}{Started(status)}\n");
        text.Append(CultureInfo.InvariantCulture, $"api      {(status.Cache.Server.Length == 0 ? "-" : status.Cache.Server)}, cache from {Origin(status.Cache)}\n");
        if (status.Cache.Problem is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"         {status.Cache.Problem}\n");
        }

        text.Append('\n').Append(TextColumns.Write(Modules(status)));
        if (status.Cache.Kinds.Count > 0)
        {
            text.Append('\n').Append(TextColumns.Write(Kinds(status.Cache)));
        }

        WriteProblems(text, status);
        return text.ToString();
    }

    private static string Started(AgentStatus status) =>
        status.StartSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $", in place after {seconds:0.000} s") : "";

    private static string Uptime(double seconds) => Duration.Format(TimeSpan.FromSeconds(Math.Floor(seconds)));

    private static string Origin(CacheStatus cache) => cache.Origin switch
    {
        "api" => "the API server",
        "snapshot" => "the last run's snapshot, the API server is away",
        _ => "nowhere yet",
    };

    private static IEnumerable<string[]> Modules(AgentStatus status)
    {
        yield return ["MODULE", "STATE", "READY", "PIECES", "PROBLEMS", "NOTE"];
        foreach (var module in status.Modules)
        {
            var problems = module.Parts.Sum(static part => part.Problems.Count);
            var note = module.Parts.Select(static part => part.Error).FirstOrDefault(static error => error is not null)
                ?? (module.State == "failed" ? module.LastError : null)
                ?? string.Join(", ", module.Facts.Select(static fact => $"{fact.Key} {fact.Value}"));
            yield return
            [
                module.Name,
                module.State,
                module.State == "disabled" ? "-" : module.Ready ? "yes" : "no",
                module.Parts.Sum(static part => part.Count).ToString(CultureInfo.InvariantCulture),
                problems.ToString(CultureInfo.InvariantCulture),
                note,
            ];
        }
    }

    private static IEnumerable<string[]> Kinds(CacheStatus cache)
    {
        yield return ["KIND", "OBJECTS", "FROM", "NOTE"];
        foreach (var kind in cache.Kinds)
        {
            yield return [kind.Kind, kind.Objects.ToString(CultureInfo.InvariantCulture), kind.Origin, kind.Problem ?? ""];
        }
    }

    private static void WriteProblems(StringBuilder text, AgentStatus status)
    {
        var problems = status.Modules.SelectMany(static module => module.Parts.SelectMany(part => part.Problems.Select(problem => (module.Name, problem)))).ToList();
        if (problems.Count == 0)
        {
            return;
        }

        text.Append("\nproblems\n");
        foreach (var (module, problem) in problems)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {module}: {problem.Kind} {problem.Object}: {problem.Message}\n");
        }
    }
}
