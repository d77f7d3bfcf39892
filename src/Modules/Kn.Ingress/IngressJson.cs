using System.Text.Json.Serialization;

namespace Kn.Ingress;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(IngressOptions))]
public sealed partial class IngressJson : JsonSerializerContext;
