using System.CommandLine;
using System.Text.Json;

namespace Kn.Lab.Commands;

/// <summary>Which lab a verb is about: <c>--name</c> and <c>--dir</c>, the same for every verb.</summary>
internal static class LabChoice
{
    /// <summary>--name.</summary>
    public static Option<string> Name { get; } = new("--name")
    {
        Description = "Name of the lab, lower-case letters and digits; its namespaces begin with it",
        DefaultValueFactory = static _ => "lab",
    };

    /// <summary>--dir.</summary>
    public static Option<string> Dir { get; } = new("--dir")
    {
        Description = "Folder of labs' state and logs (environment: KN_LAB_DIR)",
        DefaultValueFactory = static _ => Environment.GetEnvironmentVariable("KN_LAB_DIR") ?? "/run/kn-lab",
    };

    /// <summary>A command with both options.</summary>
    public static Command Command(string name, string description) => new(name, description) { Name, Dir };

    /// <summary>The chosen lab: as it was set up, or with defaults when there is none.</summary>
    /// <exception cref="FormatException">A name that cannot be one.</exception>
    public static LabOptions Of(ParseResult parsed)
    {
        var name = parsed.GetValue(Name)!;
        _ = new LabNames(name);
        var folder = Path.Combine(Path.GetFullPath(parsed.GetValue(Dir)!), name);
        return Load(folder) ?? new LabOptions { Name = name, Folder = folder };
    }

    /// <summary>Reads lab.json; null when it is missing or was not written to its end.</summary>
    public static LabOptions? Load(string folder)
    {
        var path = Path.Combine(folder, "lab.json");
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllText(path), LabJson.Default.LabOptions) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
