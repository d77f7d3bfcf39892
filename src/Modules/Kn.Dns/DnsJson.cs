using System.Text.Json.Serialization;
using Kn.Dns.Forwarding;

namespace Kn.Dns;

/// <summary>Reads the module's section of the config file without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(DnsOptions))]
[JsonSerializable(typeof(HostOptions))]
[JsonSerializable(typeof(DnsStubDomain))]
public sealed partial class DnsJson : JsonSerializerContext;
