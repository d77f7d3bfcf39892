namespace Kn.Hosting.Metrics;

/// <summary>The process's metrics; written out in Prometheus' text format. Thread-safe.</summary>
/// <remarks>Names are <c>kn_&lt;module&gt;_…</c> with the unit as suffix, counters end in <c>_total</c>. Registering the same name with the
/// same labels again gives the same metric, so a restarted module goes on counting. Keep what is returned: registering costs a
/// lock and a string, counting does not. Label values are a closed set (a target, a reason), never object names: memory must
/// not grow with events.</remarks>
public sealed class MetricRegistry
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <summary>Registers a counter; its name ends in <c>_total</c>.</summary>
    /// <exception cref="ArgumentException">The name or a label is not allowed, or the name is of another type.</exception>
    public Counter Counter(string name, string help, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Get(name, "counter", help, labels, static text => new Counter(text));

    /// <summary>Registers a gauge.</summary>
    /// <inheritdoc cref="Counter" path="/exception"/>
    public Gauge Gauge(string name, string help, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Get(name, "gauge", help, labels, static text => new Gauge(text));

    /// <summary>Registers a histogram with these upper bounds, ascending, +Inf not among them (<see cref="Metrics.Histogram.Seconds"/>).</summary>
    /// <inheritdoc cref="Counter" path="/exception"/>
    public Histogram Histogram(string name, string help, ReadOnlySpan<double> upperBounds, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var bounds = upperBounds.ToArray();
        return Get(name, "histogram", help, labels, text => new Histogram(text, bounds));
    }

    /// <summary>Registers a gauge that is computed when the metrics are read; replaces an earlier callback.</summary>
    /// <param name="name">The metric's name.</param>
    /// <param name="help">What it counts, one sentence.</param>
    /// <param name="read">Cheap, thread-safe, does not throw.</param>
    /// <param name="labels">Names and values.</param>
    /// <inheritdoc cref="Counter" path="/exception"/>
    public void GaugeCallback(string name, string help, Func<double> read, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Get(name, "gauge", help, labels, text => new CallbackMetric(text) { Read = read }).Read = read;

    /// <summary>Registers a counter that is kept elsewhere and asked for when the metrics are read; replaces an earlier callback.</summary>
    /// <inheritdoc cref="GaugeCallback" path="/param"/>
    /// <inheritdoc cref="Counter" path="/exception"/>
    public void CounterCallback(string name, string help, Func<double> read, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Get(name, "counter", help, labels, text => new CallbackMetric(text) { Read = read }).Read = read;

    /// <summary>Registers another name for a histogram, such as the one that the field's dashboards ask for.</summary>
    /// <param name="name">The other name.</param>
    /// <param name="help">What it counts, one sentence.</param>
    /// <param name="same">The histogram.</param>
    /// <param name="labels">Names and values, in place of the histogram's own.</param>
    /// <inheritdoc cref="Counter" path="/exception"/>
    public void Alias(string name, string help, Histogram same, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Get(name, "histogram", help, labels, text => new HistogramAlias(text, same));

    /// <summary>All metrics in Prometheus' text format, version 0.0.4, ordered by name.</summary>
    public string ToPrometheusText()
    {
        var text = new PrometheusText();
        lock (_lock)
        {
            foreach (var family in _families.Values)
            {
                family.Write(text);
            }
        }

        return text.ToString();
    }

    private T Get<T>(string name, string type, string help, ReadOnlySpan<(string Name, string Value)> labels, Func<string, T> create)
        where T : Metric
    {
        MetricFamily.CheckName(name);
        var text = MetricFamily.LabelText(labels);
        lock (_lock)
        {
            if (!_families.TryGetValue(name, out var family))
            {
                family = new MetricFamily(name, type, help);
                _families.Add(name, family);
            }

            return family.Get(type, text, create);
        }
    }
}
