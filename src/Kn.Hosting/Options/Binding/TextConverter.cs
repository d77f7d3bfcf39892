using System.Text.Json;
using System.Text.Json.Serialization;
using Kn.Primitives;

namespace Kn.Hosting.Options.Binding;

/// <summary>A value that is one word in the config file.</summary>
internal abstract class TextConverter<T> : JsonConverter<T>
    where T : struct
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Format(value));

    protected abstract bool TryParse(ReadOnlySpan<char> text, out T value);

    protected virtual string Format(T value) => value.ToString() ?? "";
}

/// <summary>Durations: 30s, 5m, 1h30m.</summary>
internal sealed class DurationConverter : TextConverter<TimeSpan>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out TimeSpan value) => Duration.TryParse(text, out value);

    protected override string Format(TimeSpan value) => Duration.Format(value);
}

/// <summary>Byte sizes: 64Ki, 16Mi.</summary>
internal sealed class ByteSizeConverter : TextConverter<ByteSize>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out ByteSize value) => ByteSize.TryParse(text, out value);
}

/// <summary>IP addresses.</summary>
internal sealed class IpAddressConverter : TextConverter<IpAddress>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out IpAddress value) => IpAddress.TryParse(text, out value);
}

/// <summary>Prefixes.</summary>
internal sealed class IpPrefixConverter : TextConverter<IpPrefix>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out IpPrefix value) => IpPrefix.TryParse(text, out value);
}

/// <summary>Addresses, prefixes and ranges.</summary>
internal sealed class IpRangeConverter : TextConverter<IpRange>
{
    protected override bool TryParse(ReadOnlySpan<char> text, out IpRange value) => IpRange.TryParse(text, out value);
}
