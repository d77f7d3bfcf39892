using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kn.Bench;

/// <summary>bench/results.json: one flat object of numbers. A run of one group keeps the figures of the others.</summary>
internal sealed class Results(string path)
{
    private readonly SortedDictionary<string, double> _figures = Load(path);

    /// <summary>Prints a figure as 'name value' and saves it.</summary>
    public void Add(string name, double value)
    {
        var rounded = Math.Round(value, value < 0.01 ? 7 : value < 10 ? 4 : 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {rounded}"));
        _figures[name] = rounded;
        var json = new JsonObject(_figures.Select(static figure => KeyValuePair.Create<string, JsonNode?>(figure.Key, figure.Value)));
        File.WriteAllText(path, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    /// <summary>Prints what a figure is made of; not saved.</summary>
    public static void Explain(string text) => Console.Error.WriteLine($"  {text}");

    private static SortedDictionary<string, double> Load(string path)
    {
        var figures = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject saved)
        {
            foreach (var (name, value) in saved)
            {
                figures[name] = value!.GetValue<double>();
            }
        }

        return figures;
    }
}
