namespace Kn.Bench;

/// <summary>Measured values of one thing.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public double Median => Quantile(0.5);

    public void Add(double value) => _values.Add(value);

    /// <summary>The value below which that share of the samples lies (nearest rank).</summary>
    public double Quantile(double share)
    {
        if (_values.Count == 0)
        {
            throw new InvalidOperationException("nothing was measured");
        }

        var sorted = _values.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
