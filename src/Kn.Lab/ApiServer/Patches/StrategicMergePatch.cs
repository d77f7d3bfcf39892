using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Patches;

/// <summary>Kubernetes' strategic merge patch: a merge patch that merges lists by key, with directives.</summary>
/// <remarks>https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md:
/// $patch: replace|delete|merge, $retainKeys, $deleteFromPrimitiveList/x, $setElementOrder/x.
/// Two Service ports with the same number and different protocols are told apart by protocol where the patch names one.
/// The same merge, without directives, serves server-side apply (see the Http folder).</remarks>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string DeleteFromPrefix = "$deleteFromPrimitiveList/";
    private const string OrderPrefix = "$setElementOrder/";

    /// <summary>Patches <paramref name="target"/> in place.</summary>
    /// <exception cref="StatusException">400: an unknown directive, or a list item without its key.</exception>
    public static void Apply(JsonObject target, JsonObject patch) => Merge(target, patch, []);

    private static void Merge(JsonObject target, JsonObject patch, List<string> path)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                target.Clear();
                break;
            case "delete":
                target.Clear();
                return;
            case null or "merge":
                break;
            case var unknown:
                throw StatusException.BadRequest($"Unknown patch type found: {unknown}");
        }

        RetainKeys(target, patch);
        foreach (var (name, value) in patch)
        {
            if (!name.StartsWith('$'))
            {
                path.Add(name);
                MergeField(target, name, value, patch, path);
                path.RemoveAt(path.Count - 1);
            }
        }

        ApplyListDirectives(target, patch, path);
    }

    private static void MergeField(JsonObject target, string name, JsonNode? value, JsonObject patch, List<string> path)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject change:
                if (change.Text(Directive) == "delete")
                {
                    target.Remove(name);
                    break;
                }

                if (target.Map(name) is not { } map)
                {
                    map = [];
                    target[name] = map;
                }

                Merge(map, change, path);
                break;
            case JsonArray items when MergeKeys.Find(Last(path)) is { } key:
                MergeList(target, name, items, key, path);
                break;
            case JsonArray items:
                target[name] = JsonTree.Array(items.Where(static item => item.Text(Directive) is null).Select(static item => item?.DeepClone()));
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static string[] Last(List<string> path) => [.. path];

    private static void MergeList(JsonObject target, string name, JsonArray items, string key, List<string> path)
    {
        if (target.List(name) is not { } list || items.Any(static item => item.Text(Directive) == "replace"))
        {
            list = [];
            target[name] = list;
        }

        foreach (var item in items)
        {
            if (key == MergeKeys.Set)
            {
                AddToSet(list, item);
            }
            else if (item is JsonObject change && change.Text(Directive) != "replace")
            {
                MergeItem(list, change, key, path);
            }
        }
    }

    private static void AddToSet(JsonArray list, JsonNode? item)
    {
        if (!list.Any(present => JsonNode.DeepEquals(present, item)))
        {
            list.Add(item?.DeepClone());
        }
    }

    private static void MergeItem(JsonArray list, JsonObject change, string key, List<string> path)
    {
        var value = change[key] ?? throw StatusException.BadRequest($"map: {System.Text.Encoding.UTF8.GetString(change.ToUtf8())} does not contain declared merge key: {key}");
        var match = list.OfType<JsonObject>().FirstOrDefault(item =>
            JsonNode.DeepEquals(item[key], value)
            && (change.Text("protocol") is not { } protocol || (item.Text("protocol") ?? "TCP") == protocol));
        if (change.Text(Directive) == "delete")
        {
            list.Remove(match);
            return;
        }

        if (match is null)
        {
            match = [];
            list.Add((JsonNode)match);
        }

        Merge(match, change, path);
    }

    private static void RetainKeys(JsonObject target, JsonObject patch)
    {
        if (patch.List(MergeKeys.RetainKeys) is null)
        {
            return;
        }

        var keep = patch.Texts(MergeKeys.RetainKeys).ToHashSet(StringComparer.Ordinal);
        foreach (var name in target.Select(static pair => pair.Key).Where(name => !keep.Contains(name)).ToList())
        {
            target.Remove(name);
        }
    }

    private static void ApplyListDirectives(JsonObject target, JsonObject patch, List<string> path)
    {
        foreach (var (name, value) in patch)
        {
            if (value is not JsonArray items)
            {
                continue;
            }

            if (name.StartsWith(DeleteFromPrefix, StringComparison.Ordinal) && target.List(name[DeleteFromPrefix.Length..]) is { } list)
            {
                foreach (var gone in list.Where(item => items.Any(deleted => JsonNode.DeepEquals(item, deleted))).ToList())
                {
                    list.Remove(gone);
                }
            }
            else if (name.StartsWith(OrderPrefix, StringComparison.Ordinal))
            {
                var field = name[OrderPrefix.Length..];
                SetOrder(target, field, items, MergeKeys.Find([.. path, field]) ?? MergeKeys.Set);
            }
        }
    }

    // Items that the order does not name keep their place relative to each other, after those that it does.
    private static void SetOrder(JsonObject target, string field, JsonArray order, string key)
    {
        if (target.List(field) is not { } list)
        {
            return;
        }

        var wanted = order.ToList();
        var sorted = list.Select((item, position) => (Item: item, Position: position))
            .OrderBy(entry => wanted.FindIndex(place => SamePlace(entry.Item, place, key)) is var found && found < 0 ? int.MaxValue : found)
            .ThenBy(static entry => entry.Position)
            .Select(static entry => entry.Item?.DeepClone())
            .ToList();
        target[field] = JsonTree.Array(sorted);
    }

    private static bool SamePlace(JsonNode? item, JsonNode? place, string key)
    {
        if (key == MergeKeys.Set)
        {
            return JsonNode.DeepEquals(item, place);
        }

        return JsonNode.DeepEquals(item.At(key), place.At(key))
            && (place.Text("protocol") is not { } protocol || (item.Text("protocol") ?? "TCP") == protocol);
    }
}
