using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kn.Primitives;

/// <summary>A value that is one word in JSON, and in the config file.</summary>
/// <remarks>Types name theirs by an attribute, because the serializer's generator describes a type without one member by member, in each of the
/// contexts that it occurs in.</remarks>
public abstract class TextConverter<T> : JsonConverter<T>
    where T : struct
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var value) ? value : throw new JsonException();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Format(value));

    /// <summary>Reads the word.</summary>
    protected abstract bool TryParse(ReadOnlySpan<char> text, out T value);

    /// <summary>Makes the word.</summary>
    protected virtual string Format(T value) => value.ToString() ?? "";
}

/// <summary>IP addresses.</summary>
public sealed class IpAddressConverter : TextConverter<IpAddress>
{
    /// <inheritdoc/>
    protected override bool TryParse(ReadOnlySpan<char> text, out IpAddress value) => IpAddress.TryParse(text, out value);
}

/// <summary>Prefixes.</summary>
public sealed class IpPrefixConverter : TextConverter<IpPrefix>
{
    /// <inheritdoc/>
    protected override bool TryParse(ReadOnlySpan<char> text, out IpPrefix value) => IpPrefix.TryParse(text, out value);
}

/// <summary>Addresses, prefixes and ranges.</summary>
public sealed class IpRangeConverter : TextConverter<IpRange>
{
    /// <inheritdoc/>
    protected override bool TryParse(ReadOnlySpan<char> text, out IpRange value) => IpRange.TryParse(text, out value);
}
