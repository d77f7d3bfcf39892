using System.Text;
using System.Text.Json;

namespace Kn.Kubernetes.Json;

/// <summary>Finds the path of a field from its byte position, so that decoding pays for paths only when it fails.</summary>
internal static class FieldPath
{
    private struct Level
    {
        public string? Property;
        public int Index;
    }

    /// <summary>The path, such as spec.ports[0].port, of the token that starts at or behind <paramref name="position"/>; empty for the root.</summary>
    public static string At(ReadOnlySpan<byte> json, long position)
    {
        var levels = new List<Level>();
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                Enter(levels, ref reader);
                if (reader.TokenStartIndex >= position)
                {
                    break;
                }

                Leave(levels, ref reader);
            }
        }
        catch (JsonException)
        {
            // Not JSON from here on: the path so far is where.
        }

        return Format(levels);
    }

    private static void Enter(List<Level> levels, ref Utf8JsonReader reader)
    {
        if (levels.Count == 0)
        {
            return;
        }

        var top = levels[^1];
        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            top.Property = Encoding.UTF8.GetString(reader.ValueSpan);
        }
        else if (top.Property is null && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject))
        {
            top.Index++;
        }

        levels[^1] = top;
    }

    private static void Leave(List<Level> levels, ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                levels.Add(new Level { Property = "" });
                break;
            case JsonTokenType.StartArray:
                levels.Add(new Level { Index = -1 });
                break;
            case JsonTokenType.EndArray or JsonTokenType.EndObject:
                levels.RemoveAt(levels.Count - 1);
                break;
            default:
                break;
        }
    }

    private static string Format(List<Level> levels)
    {
        var path = new StringBuilder();
        foreach (var level in levels)
        {
            if (level.Property is null)
            {
                path.Append('[').Append(Math.Max(level.Index, 0)).Append(']');
            }
            else if (level.Property.Length > 0)
            {
                path.Append(path.Length > 0 ? "." : "").Append(level.Property);
            }
        }

        return path.ToString();
    }
}
