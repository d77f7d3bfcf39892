using Kn.Primitives;

namespace Kn.Hosting.Options;

/// <summary>Byte sizes: 64Ki, 16Mi.</summary>
public sealed class ByteSizeConverter : TextConverter<ByteSize>
{
    /// <inheritdoc/>
    protected override bool TryParse(ReadOnlySpan<char> text, out ByteSize value) => ByteSize.TryParse(text, out value);
}
