using System.Text.Json;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>Members of objects that a runtime or an earlier plugin wrote. Absent and null are the same; whatever has another type than
/// expected is a <see cref="CniException"/> with code 7 that names the member by its path.</summary>
internal static class JsonMembers
{
    /// <summary>Finds a member that is neither absent nor null.</summary>
    internal static bool TryFind(JsonElement item, string name, out JsonElement value) =>
        item.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Finds a member that must be an object.</summary>
    internal static bool TryFindObject(JsonElement item, string path, string name, out JsonElement value)
    {
        if (!TryFind(item, name, out value))
        {
            return false;
        }

        return value.ValueKind == JsonValueKind.Object ? true : throw Invalid(Join(path, name), "an object");
    }

    /// <summary>A string; null when absent.</summary>
    internal static string? ReadString(JsonElement item, string path, string name)
    {
        if (!TryFind(item, name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? JsonText.Of(value, Join(path, name)) : throw Invalid(Join(path, name), "a string");
    }

    /// <summary>A whole number from zero to <paramref name="most"/>; null when absent.</summary>
    internal static ulong? ReadNumber(JsonElement item, string path, string name, ulong most)
    {
        if (!TryFind(item, name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) && number <= most
            ? number
            : throw Invalid(Join(path, name), most == ulong.MaxValue ? "a whole number that is not negative" : $"a whole number from 0 to {most}");
    }

    /// <summary>A list of strings; empty when absent.</summary>
    internal static ValueList<string> ReadStrings(JsonElement item, string path, string name)
    {
        if (!TryFind(item, name, out var list))
        {
            return default;
        }

        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static value => value.ValueKind != JsonValueKind.String))
        {
            throw Invalid(Join(path, name), "a list of strings");
        }

        return list.EnumerateArray().Select(value => JsonText.Of(value, Join(path, name))).ToValueList();
    }

    /// <summary>A list of objects, each read with its path; empty when absent.</summary>
    internal static ValueList<T> ReadList<T>(JsonElement item, string path, string name, Func<JsonElement, string, T> read)
    {
        if (!TryFind(item, name, out var list))
        {
            return default;
        }

        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static value => value.ValueKind != JsonValueKind.Object))
        {
            throw Invalid(Join(path, name), "a list of objects");
        }

        return list.EnumerateArray().Select((value, index) => read(value, $"{Join(path, name)}[{index}]")).ToValueList();
    }

    /// <summary>The error for a member.</summary>
    internal static CniException Invalid(string path, string expected) => new(CniErrorCode.InvalidConfig, $"{path}: expected {expected}");

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
