namespace Kn.Hosting.Metrics;

/// <summary>The metrics of one name: they share type and help and differ in labels.</summary>
internal sealed class MetricFamily(string name, string type, string help)
{
    private readonly SortedDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);

    /// <summary>Holds metric names to the text format's [a-zA-Z_:][a-zA-Z0-9_:]*.</summary>
    internal static void CheckName(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':'))
        {
            throw new ArgumentException($"'{name}' is not a metric name", nameof(name));
        }
    }

    internal static string LabelText(ReadOnlySpan<(string Name, string Value)> labels)
    {
        if (labels.IsEmpty)
        {
            return "";
        }

        var parts = new string[labels.Length];
        for (var index = 0; index < labels.Length; index++)
        {
            CheckName(labels[index].Name);
            parts[index] = PrometheusText.Label(labels[index].Name, labels[index].Value);
        }

        return string.Join(',', parts);
    }

    internal T Get<T>(string wantedType, string labels, Func<string, T> create)
        where T : Metric
    {
        if (!string.Equals(wantedType, type, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{name} is a {type}, not a {wantedType}");
        }

        if (_metrics.TryGetValue(labels, out var found))
        {
            return found as T ?? throw new ArgumentException($"{name} is registered in another way");
        }

        var metric = create(labels);
        _metrics.Add(labels, metric);
        return metric;
    }

    internal void Write(PrometheusText text)
    {
        text.Family(name, type, help);
        foreach (var metric in _metrics.Values)
        {
            metric.WriteSamples(text, name);
        }
    }
}
