using System.Text.Json.Serialization;

namespace Kn.Dns;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSerializable(typeof(DnsOptions))]
[JsonSerializable(typeof(HostOptions))]
public sealed partial class DnsJson : JsonSerializerContext;
