using System.Text.Json.Serialization;

namespace Kn.Routes;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(RoutesOptions))]
public sealed partial class RoutesJson : JsonSerializerContext;
