using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kn.Primitives;

namespace Kn.Hosting.Options.Binding;

/// <summary>The sections that belong to no module, and the words that options are made of.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(PathOptions))]
[JsonSerializable(typeof(ClusterOptions))]
[JsonSerializable(typeof(LogOptions))]
[JsonSerializable(typeof(ListenOptions))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(uint))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(ushort))]
[JsonSerializable(typeof(byte))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(TimeSpan))]
[JsonSerializable(typeof(ByteSize))]
[JsonSerializable(typeof(IpAddress))]
[JsonSerializable(typeof(IpPrefix))]
[JsonSerializable(typeof(IpRange))]
internal sealed partial class OptionJson : JsonSerializerContext
{
    /// <summary>The serializer's settings for a section: the module's own types first, then the common words; converters and
    /// names are the same for all, whatever the module's context says.</summary>
    internal static JsonSerializerOptions OptionsFor(IJsonTypeInfoResolver? resolver) => new()
    {
        TypeInfoResolver = resolver is null ? Default : JsonTypeInfoResolver.Combine(resolver, Default),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        Converters =
        {
            new DurationConverter(),
            new ValueListConverter<string>(),
            new ValueListConverter<int>(),
            new ValueListConverter<uint>(),
            new ValueListConverter<long>(),
            new ValueListConverter<ushort>(),
            new ValueListConverter<IpAddress>(),
            new ValueListConverter<IpPrefix>(),
            new ValueListConverter<IpRange>(),
        },
    };
}
