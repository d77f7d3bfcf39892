using System.Text.Json.Serialization;

namespace Kn.ServiceProxy;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ServiceProxyOptions))]
public sealed partial class ServiceProxyJson : JsonSerializerContext;
