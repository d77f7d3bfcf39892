using System.Text.Json.Serialization;

namespace Kn.Policy;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSerializable(typeof(PolicyOptions))]
public sealed partial class PolicyJson : JsonSerializerContext;
