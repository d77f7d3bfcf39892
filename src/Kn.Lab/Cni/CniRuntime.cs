using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.Lab.Cni;

/// <summary>Calls the plugins of a network as libcni does for a container runtime, inside the node's network namespace.</summary>
/// <remarks>CNI specification 1.1, section 3: ADD runs the chain forwards and passes each result on; CHECK likewise, with the
/// result of the whole ADD; DEL runs backwards.</remarks>
internal sealed class CniRuntime(NetworkNamespace node, string pluginFolder)
{
    /// <summary>Attaches; the result is the last plugin's.</summary>
    /// <exception cref="CniException">A plugin failed; the caller undoes with <see cref="DeleteAsync"/>.</exception>
    public async Task<JsonObject> AddAsync(
        CniNetwork network, CniAttachment attachment, IReadOnlyDictionary<string, JsonNode> runtime, CancellationToken cancellationToken)
    {
        JsonObject? result = null;
        foreach (var plugin in network.Plugins)
        {
            var input = network.InputFor(plugin, result, runtime);
            result = await CallAsync("ADD", plugin, input, attachment, cancellationToken)
                ?? throw new CniException(plugin.Text("type")!, "ADD", null, "no result", null);
        }

        return result!;
    }

    /// <summary>Asks the plugins whether the attachment is as ADD left it.</summary>
    /// <exception cref="CniException">It is not.</exception>
    public async Task CheckAsync(
        CniNetwork network, CniAttachment attachment, JsonObject result, IReadOnlyDictionary<string, JsonNode> runtime, CancellationToken cancellationToken)
    {
        if (network.DisableCheck)
        {
            return;
        }

        foreach (var plugin in network.Plugins)
        {
            await CallAsync("CHECK", plugin, network.InputFor(plugin, result, runtime), attachment, cancellationToken);
        }
    }

    /// <summary>Detaches; deleting what is gone is success, by the specification.</summary>
    /// <param name="network">The configuration that ADD had.</param>
    /// <param name="attachment">What ADD was told.</param>
    /// <param name="result">What ADD answered; null when it failed.</param>
    /// <param name="runtime">The values by capability that ADD had.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="CniException">A plugin failed: to be tried again.</exception>
    public async Task DeleteAsync(
        CniNetwork network, CniAttachment attachment, JsonObject? result, IReadOnlyDictionary<string, JsonNode> runtime, CancellationToken cancellationToken)
    {
        foreach (var plugin in network.Plugins.Reverse())
        {
            await CallAsync("DEL", plugin, network.InputFor(plugin, result, runtime), attachment, cancellationToken);
        }
    }

    private async Task<JsonObject?> CallAsync(string command, JsonObject plugin, JsonObject input, CniAttachment attachment, CancellationToken cancellationToken)
    {
        var type = plugin.Text("type")!;
        var program = Path.Combine(pluginFolder, type);
        if (!File.Exists(program))
        {
            throw new CniException(type, command, null, $"not found in {pluginFolder}", null);
        }

        var answer = await ProgramStart.RunAsync(
            node, [program], attachment.Environment(command, pluginFolder), input.ToJsonString(), cancellationToken);
        var output = ParseOutput(answer.Output);
        if (answer.ExitCode != 0)
        {
            throw new CniException(
                type, command, (int?)output.Number("code"), output.Text("msg") ?? $"exit code {answer.ExitCode}", output.Text("details") ?? answer.Errors.Trim());
        }

        return output;
    }

    private static JsonObject? ParseOutput(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            // A plugin that printed a stack trace; its exit code and its stderr say more.
            return null;
        }
    }
}
