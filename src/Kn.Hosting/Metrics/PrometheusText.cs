using System.Globalization;
using System.Text;

namespace Kn.Hosting.Metrics;

/// <summary>Writes Prometheus' text exposition format, version 0.0.4.</summary>
/// <remarks>https://prometheus.io/docs/instrumenting/exposition_formats/: HELP escapes backslash and line feed, label values also
/// the double quote.</remarks>
internal sealed class PrometheusText
{
    /// <summary>The Content-Type of the answer.</summary>
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    internal static string Number(double value)
    {
        if (double.IsPositiveInfinity(value))
        {
            return "+Inf";
        }

        return double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);
    }

    internal static string Label(string name, string value)
    {
        var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        return $"{name}=\"{escaped}\"";
    }

    internal void Family(string name, string type, string help)
    {
        var escaped = help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        _text.Append("# HELP ").Append(name).Append(' ').Append(escaped).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    internal void Sample(string name, string labels, double value) => Sample(name, "", labels, Number(value));

    internal void Sample(string name, string labels, long value) => Sample(name, "", labels, value.ToString(CultureInfo.InvariantCulture));

    internal void Sample(string name, string suffix, string labels, string value)
    {
        _text.Append(name).Append(suffix);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(value).Append('\n');
    }

    /// <summary>Everything written so far.</summary>
    public override string ToString() => _text.ToString();
}
