using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Cni;

/// <summary>A network configuration list: what a *.conflist file in the runtime's configuration folder says.</summary>
/// <param name="Name">The network's name.</param>
/// <param name="CniVersion">The version of the protocol that plugins are spoken to in.</param>
/// <param name="Plugins">The configurations of the chain, in order.</param>
/// <param name="DisableCheck">CHECK is not to be called.</param>
/// <remarks>CNI specification 1.1, section 1. A file .conf or .json is a single plugin's, as before version 0.3.</remarks>
internal sealed record CniNetwork(string Name, string CniVersion, IReadOnlyList<JsonObject> Plugins, bool DisableCheck)
{
    /// <summary>The first network of the folder by file name, as container runtimes choose it; null when there is none (yet).</summary>
    /// <exception cref="InvalidDataException">The first file is no network configuration.</exception>
    public static CniNetwork? FindFirst(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var path = Directory.EnumerateFiles(folder)
            .Where(static file => Path.GetExtension(file) is ".conflist" or ".conf" or ".json")
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
        return path is null ? null : Parse(File.ReadAllText(path), path);
    }

    /// <summary>Reads a configuration; <paramref name="path"/> is for messages and tells a list from a single plugin.</summary>
    /// <exception cref="InvalidDataException">It is no network configuration.</exception>
    public static CniNetwork Parse(string text, string path)
    {
        JsonObject? root;
        try
        {
            root = JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }

        var name = root.Text("name") ?? throw new InvalidDataException($"{path}: no name");
        var plugins = Path.GetExtension(path) == ".conflist" ? root.Maps("plugins").ToList() : [root!];
        if (plugins.Count == 0 || plugins.Any(static plugin => plugin.Text("type") is null))
        {
            throw new InvalidDataException($"{path}: every network needs plugins, and every plugin a type");
        }

        return new CniNetwork(name, root.Text("cniVersion") ?? "0.1.0", plugins, root.Flag("disableCheck") ?? false);
    }

    /// <summary>What a plugin of the chain gets on standard input.</summary>
    /// <param name="plugin">One of <see cref="Plugins"/>.</param>
    /// <param name="previous">The result of the plugin before it, or of the whole ADD; null when there is none.</param>
    /// <param name="runtime">Values by capability (portMappings, …); a plugin gets those that its configuration declares.</param>
    /// <remarks>CNI specification 1.1, section 3, "deriving execution configuration from plugin configuration".</remarks>
    public JsonObject InputFor(JsonObject plugin, JsonObject? previous, IReadOnlyDictionary<string, JsonNode> runtime)
    {
        var input = plugin.Copy();
        input["name"] = Name;
        input["cniVersion"] = CniVersion;
        var declared = (input.Map("capabilities") ?? []).Where(static pair => pair.Value.Flag() == true).Select(static pair => pair.Key).ToList();
        input.Remove("capabilities");
        var values = new JsonObject();
        foreach (var capability in declared)
        {
            if (runtime.TryGetValue(capability, out var value))
            {
                values[capability] = value.DeepClone();
            }
        }

        if (values.Count > 0)
        {
            input["runtimeConfig"] = values;
        }

        if (previous is not null)
        {
            input["prevResult"] = previous.DeepClone();
        }

        return input;
    }
}
