using System.Text.Json.Nodes;

namespace Kn.Lab.ApiServer.Patches;

/// <summary>JSON Merge Patch (RFC 7386): maps merge, null deletes, everything else replaces.</summary>
internal static class MergePatch
{
    /// <summary>Patches <paramref name="target"/> in place.</summary>
    public static void Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject change:
                    if (!target.TryGetPropertyValue(name, out var present) || present is not JsonObject map)
                    {
                        map = [];
                        target[name] = map;
                    }

                    Apply(map, change);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }
}
