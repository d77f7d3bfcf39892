using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Controllers;

/// <summary>Writes Events about objects, so that kubectl describe tells what happened.</summary>
internal sealed class EventRecorder(ApiClient client, string component, TimeProvider time)
{
    /// <summary>Records that something happened to an object; a refusal is not the controller's problem.</summary>
    public async Task RecordAsync(JsonObject about, string type, string reason, string message, CancellationToken cancellationToken)
    {
        var now = JsonTree.Timestamp(time.GetUtcNow());
        var @namespace = about.Namespace() is { Length: > 0 } own ? own : "default";
        var item = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{about.Name()}.{Random.Shared.NextInt64():x16}", ["namespace"] = @namespace },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = about.Text("apiVersion"),
                ["kind"] = about.Text("kind"),
                ["namespace"] = about.Namespace(),
                ["name"] = about.Name(),
                ["uid"] = about.Uid(),
                ["resourceVersion"] = about.ResourceVersion(),
            },
            ["type"] = type,
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = new JsonObject { ["component"] = component },
            ["reportingComponent"] = component,
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["count"] = 1,
        };
        try
        {
            await client.CreateAsync(ApiResources.Events, @namespace, item, cancellationToken);
        }
        catch (ApiException)
        {
            // The namespace is going, or the server takes no events: what happened still happened.
        }
    }
}
