using System.Text.Json.Serialization;

namespace Kn.LoadBalancer;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(LoadBalancerOptions))]
[JsonSerializable(typeof(PoolOptions))]
public sealed partial class LoadBalancerJson : JsonSerializerContext;
