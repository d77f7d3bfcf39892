using System.Text.Json.Serialization;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(RoutesOptions))]
[JsonSerializable(typeof(BgpNeighborOptions))]
[JsonSerializable(typeof(BgpFilterOptions))]
public sealed partial class RoutesJson : JsonSerializerContext;
