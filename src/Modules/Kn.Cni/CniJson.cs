using System.Text.Json.Serialization;

namespace Kn.Cni;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CniOptions))]
public sealed partial class CniJson : JsonSerializerContext;
