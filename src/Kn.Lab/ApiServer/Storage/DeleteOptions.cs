using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>How an object is to be deleted: meta/v1 DeleteOptions, from the body or the query.</summary>
internal sealed record DeleteOptions(long? GraceSeconds, string? Propagation, string? Uid, string? ResourceVersion, bool DryRun)
{
    public static DeleteOptions From(JsonObject? body, Func<string, string?> query)
    {
        var grace = body.Number("gracePeriodSeconds")
            ?? (long.TryParse(query("gracePeriodSeconds"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds : null);
        var orphan = body.Flag("orphanDependents") ?? (bool.TryParse(query("orphanDependents"), out var flag) ? flag : null);
        return new DeleteOptions(
            grace,
            body.Text("propagationPolicy") ?? query("propagationPolicy") ?? (orphan == true ? "Orphan" : null),
            body.Text("preconditions", "uid"),
            body.Text("preconditions", "resourceVersion"),
            body.Texts("dryRun").Contains("All") || query("dryRun") == "All");
    }

    /// <exception cref="StatusException">409: the object is another than the one that was meant.</exception>
    public void Check(ResourceKind kind, JsonObject tree)
    {
        if (Uid is { Length: > 0 } && Uid != tree.Uid())
        {
            throw StatusException.Conflict(kind.Resource, tree.Name(), $"Precondition failed: UID in precondition: {Uid}, UID in object meta: {tree.Uid()}");
        }

        if (ResourceVersion is { Length: > 0 } && ResourceVersion != tree.ResourceVersion())
        {
            throw StatusException.Conflict(kind.Resource, tree.Name(), $"Precondition failed: ResourceVersion in precondition: {ResourceVersion}, ResourceVersion in object meta: {tree.ResourceVersion()}");
        }
    }
}
