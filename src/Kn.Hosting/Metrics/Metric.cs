namespace Kn.Hosting.Metrics;

/// <summary>One time series, or one histogram: a family's name with one set of label values.</summary>
public abstract class Metric
{
    private protected Metric(string labels) => Labels = labels;

    /// <summary>The labels as the text format has them, without braces; empty when there are none. Also the identity within the family.</summary>
    internal string Labels { get; }

    internal abstract void WriteSamples(PrometheusText text, string family);
}
