using Kn.Hosting.Options.Yaml;

namespace Kn.Hosting.Options.Binding;

/// <summary>Collects the faults of one file, and knows where its options are.</summary>
internal sealed class ConfigErrors(string file)
{
    private readonly List<ConfigError> _errors = [];
    private readonly Dictionary<string, (string Path, YamlPosition Position)> _places = new(StringComparer.OrdinalIgnoreCase);

    internal int Count => _errors.Count;

    /// <summary>The faults, in the file's order.</summary>
    internal IReadOnlyList<ConfigError> All => [.. _errors.OrderBy(static error => error.Line).ThenBy(static error => error.Column)];

    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>Remembers where an option is, for faults that are found later.</summary>
    internal void Locate(string path, YamlPosition position) => _places[path] = (path, position);

    internal void Add(YamlPosition position, string path, string message) =>
        _errors.Add(new ConfigError(file, position.Line, position.Column, path, message));

    /// <summary>A fault of an option that may be absent from the file: told at the nearest section that is there.</summary>
    internal void Add(string path, string message)
    {
        for (var part = path; part.Length > 0; part = part[..Math.Max(0, part.LastIndexOfAny(['.', '[']))])
        {
            if (_places.TryGetValue(part, out var place))
            {
                Add(place.Position, place.Path + path[part.Length..], message);
                return;
            }
        }

        _errors.Add(new ConfigError(file, 0, 0, path, message));
    }

    /// <summary>Reports keys that occur twice, and keys that are not among the known ones (null: any key may be).</summary>
    internal void CheckKeys(IReadOnlyList<YamlEntry> entries, IReadOnlyList<string>? known, string path)
    {
        var seen = new Dictionary<string, YamlPosition>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!seen.TryAdd(entry.Key, entry.KeyPosition))
            {
                Add(entry.KeyPosition, Join(path, entry.Key), $"is there twice; first in line {seen[entry.Key].Line}");
            }
            else if (known is not null && !known.Contains(entry.Key, StringComparer.Ordinal))
            {
                Add(entry.KeyPosition, Join(path, entry.Key), $"is not an option{Spelling.Suggest(entry.Key, known)}");
            }
        }
    }
}
