using Kn.Primitives;

namespace Kn.Hosting.Options.Binding;

/// <summary>Durations: 30s, 5m, 1h30m.</summary>
internal sealed class DurationConverter : TextConverter<TimeSpan>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out TimeSpan value) => Duration.TryParse(text, out value);

    protected override string Format(TimeSpan value) => Duration.Format(value);
}
