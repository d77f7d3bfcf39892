using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>core/v1 Service.</summary>
internal static class ServiceJson
{
    private const int DefaultAffinitySeconds = 10800;

    public static Service Read(ref ObjectReader reader)
    {
        var draft = new Draft();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                draft.Metadata = MetadataJson.Read(ref reader);
            }
            else if (reader.Is("spec"u8))
            {
                ReadSpec(ref reader, draft);
            }
            else if (reader.Is("status"u8))
            {
                draft.Ingress = ReadStatus(ref reader);
            }
        }

        return draft.ToService();
    }

    public static void Write(Utf8JsonWriter writer, Service service)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteString("type"u8, service.Type);
        WriteAddresses(writer, service);
        WritePorts(writer, service.Ports);
        if (service.Selector is { } selector)
        {
            writer.WriteStrings("selector"u8, selector);
        }

        writer.WriteNonEmpty("externalName"u8, service.ExternalName);
        writer.WriteNonEmpty("externalTrafficPolicy"u8, service.ExternalTrafficPolicyLocal ? "Local" : null);
        writer.WriteNonEmpty("internalTrafficPolicy"u8, service.InternalTrafficPolicyLocal ? "Local" : null);
        WriteAffinity(writer, service.ClientIpAffinitySeconds);
        writer.WriteNonZero("healthCheckNodePort"u8, service.HealthCheckNodePort);
        writer.WriteTrue("publishNotReadyAddresses"u8, service.PublishNotReadyAddresses);
        writer.WriteNonEmpty("loadBalancerClass"u8, service.LoadBalancerClass);
        writer.WriteNonEmpty("loadBalancerIP"u8, service.LoadBalancerIp?.ToString());
        writer.WriteNonEmpty("ipFamilyPolicy"u8, service.RequiresDualStack ? "RequireDualStack" : null);
        writer.WriteNonEmpty("trafficDistribution"u8, service.TrafficDistribution);
        writer.WriteEndObject();
        WriteStatus(writer, service.LoadBalancerIngress);
    }

    private static void WriteAddresses(Utf8JsonWriter writer, Service service)
    {
        if (service.Headless)
        {
            writer.WriteString("clusterIP"u8, "None"u8);
        }

        writer.WriteNonEmpty("clusterIPs"u8, service.ClusterIps);
        writer.WriteNonEmpty("externalIPs"u8, service.ExternalIps);
        writer.WriteNonEmpty("loadBalancerSourceRanges"u8, service.LoadBalancerSourceRanges);
        writer.WriteNonEmpty("ipFamilies"u8, service.IpFamilies.Select(static family => family == IpFamily.V6 ? "IPv6" : "IPv4").ToValueList());
    }

    private static void WritePorts(Utf8JsonWriter writer, ValueList<ServicePort> ports)
    {
        writer.WriteStartArray("ports"u8);
        foreach (var port in ports)
        {
            writer.WriteStartObject();
            writer.WriteNonEmpty("name"u8, port.Name);
            writer.WriteString("protocol"u8, port.Protocol.Word());
            writer.WriteNumber("port"u8, port.Port);
            writer.WriteNonZero("nodePort"u8, port.NodePort);
            writer.WriteNonEmpty("appProtocol"u8, port.AppProtocol);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteAffinity(Utf8JsonWriter writer, int? seconds)
    {
        if (seconds is not { } timeout)
        {
            return;
        }

        writer.WriteString("sessionAffinity"u8, "ClientIP"u8);
        writer.WriteStartObject("sessionAffinityConfig"u8);
        writer.WriteStartObject("clientIP"u8);
        writer.WriteNumber("timeoutSeconds"u8, timeout);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter writer, ValueList<LoadBalancerIngress> ingress)
    {
        if (ingress.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject("status"u8);
        writer.WriteStartObject("loadBalancer"u8);
        writer.WriteStartArray("ingress"u8);
        foreach (var entry in ingress)
        {
            writer.WriteStartObject();
            writer.WriteString("ip"u8, entry.Ip.ToString());
            writer.WriteNonEmpty("ipMode"u8, entry.ProxyMode ? "Proxy" : null);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void ReadSpec(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            _ = ReadAddressField(ref reader, draft) || ReadPolicyField(ref reader, draft) || ReadOtherField(ref reader, draft);
        }
    }

    private static bool ReadAddressField(ref ObjectReader reader, Draft draft)
    {
        if (reader.Is("clusterIPs"u8))
        {
            draft.ClusterIps = SharedJson.List(ref reader, ReadClusterIp);
        }
        else if (reader.Is("clusterIP"u8))
        {
            draft.ClusterIp = ReadClusterIp(ref reader);
        }
        else if (reader.Is("externalIPs"u8))
        {
            draft.ExternalIps = SharedJson.Addresses(ref reader);
        }
        else if (reader.Is("ipFamilies"u8))
        {
            draft.IpFamilies = SharedJson.List(ref reader, ReadFamily);
        }
        else if (reader.Is("loadBalancerSourceRanges"u8))
        {
            draft.SourceRanges = SharedJson.Prefixes(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool ReadPolicyField(ref ObjectReader reader, Draft draft)
    {
        if (reader.Is("externalTrafficPolicy"u8))
        {
            draft.ExternalLocal = reader.TextEquals("Local"u8);
        }
        else if (reader.Is("internalTrafficPolicy"u8))
        {
            draft.InternalLocal = reader.TextEquals("Local"u8);
        }
        else if (reader.Is("sessionAffinity"u8))
        {
            draft.ClientIpAffinity = reader.TextEquals("ClientIP"u8);
        }
        else if (reader.Is("sessionAffinityConfig"u8))
        {
            draft.AffinitySeconds = ReadNestedInt(ref reader, "clientIP"u8, "timeoutSeconds"u8);
        }
        else if (reader.Is("publishNotReadyAddresses"u8))
        {
            draft.PublishNotReady = reader.Boolean() ?? false;
        }
        else if (reader.Is("trafficDistribution"u8))
        {
            draft.TrafficDistribution = reader.Name();
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool ReadOtherField(ref ObjectReader reader, Draft draft)
    {
        if (reader.Is("type"u8))
        {
            draft.Type = reader.Name();
        }
        else if (reader.Is("ports"u8))
        {
            draft.Ports = SharedJson.List(ref reader, ReadPort);
        }
        else if (reader.Is("selector"u8))
        {
            draft.Selector = MetadataJson.ReadStrings(ref reader);
        }
        else if (reader.Is("externalName"u8))
        {
            draft.ExternalName = reader.Text();
        }
        else if (reader.Is("healthCheckNodePort"u8))
        {
            draft.HealthCheckNodePort = reader.Port() ?? 0;
        }
        else if (reader.Is("loadBalancerClass"u8))
        {
            draft.LoadBalancerClass = reader.Name();
        }
        else if (reader.Is("loadBalancerIP"u8))
        {
            // The API server takes any text here, as for a provider that means something else by it.
            draft.LoadBalancerIp = reader.LooseAddress();
        }
        else if (reader.Is("ipFamilyPolicy"u8))
        {
            draft.RequiresDualStack = reader.TextEquals("RequireDualStack"u8);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static ClusterIp ReadClusterIp(ref ObjectReader reader) =>
        reader.AddressOr("None"u8, out var address) ? new ClusterIp(null, IsNone: true) : new ClusterIp(address, IsNone: false);

    private static IpFamily ReadFamily(ref ObjectReader reader) => reader.Name() switch
    {
        "IPv4" => IpFamily.V4,
        "IPv6" => IpFamily.V6,
        _ => throw reader.Fail("IPv4 or IPv6"),
    };

    private static ServicePort ReadPort(ref ObjectReader reader)
    {
        var port = new ServicePort("", IpProtocol.Tcp, 0, 0);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("name"u8))
            {
                port = port with { Name = reader.Name() ?? "" };
            }
            else if (reader.Is("protocol"u8))
            {
                port = port with { Protocol = SharedJson.Protocol(ref reader) };
            }
            else if (reader.Is("port"u8))
            {
                port = port with { Port = reader.Port() ?? 0 };
            }
            else if (reader.Is("nodePort"u8))
            {
                port = port with { NodePort = reader.Port() ?? 0 };
            }
            else if (reader.Is("appProtocol"u8))
            {
                port = port with { AppProtocol = reader.Name() };
            }
        }

        return port;
    }

    private static int? ReadNestedInt(ref ObjectReader reader, ReadOnlySpan<byte> outer, ReadOnlySpan<byte> inner)
    {
        int? number = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is(inner))
            {
                number = reader.Int32();
            }
            else if (reader.Is(outer))
            {
                number = ReadNestedInt(ref reader, default, inner);
            }
        }

        return number;
    }

    private static ValueList<LoadBalancerIngress> ReadStatus(ref ObjectReader reader)
    {
        var ingress = default(ValueList<LoadBalancerIngress>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("loadBalancer"u8))
            {
                ingress = ReadStatus(ref reader);
            }
            else if (reader.Is("ingress"u8))
            {
                ingress = SharedJson.List(ref reader, ReadIngress)
                    .Where(static entry => entry is not null).Select(static entry => entry.GetValueOrDefault()).ToValueList();
            }
        }

        return ingress;
    }

    private static LoadBalancerIngress? ReadIngress(ref ObjectReader reader)
    {
        IpAddress? ip = null;
        var proxyMode = false;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ip"u8))
            {
                ip = reader.Address();
            }
            else if (reader.Is("ipMode"u8))
            {
                proxyMode = reader.TextEquals("Proxy"u8);
            }
        }

        return ip is { } address ? new LoadBalancerIngress(address, proxyMode) : null;
    }

    private readonly record struct ClusterIp(IpAddress? Address, bool IsNone);

    private sealed class Draft
    {
        public ObjectMeta Metadata = new();
        public string? Type;
        public ValueList<ClusterIp> ClusterIps;
        public ClusterIp ClusterIp;
        public ValueList<IpFamily> IpFamilies;
        public ValueList<ServicePort> Ports;
        public ValueMap<string, string>? Selector;
        public ValueList<IpAddress> ExternalIps;
        public string? ExternalName;
        public bool ExternalLocal;
        public bool InternalLocal;
        public bool ClientIpAffinity;
        public int? AffinitySeconds;
        public ushort HealthCheckNodePort;
        public bool PublishNotReady;
        public ValueList<IpPrefix> SourceRanges;
        public string? LoadBalancerClass;
        public IpAddress? LoadBalancerIp;
        public bool RequiresDualStack;
        public string? TrafficDistribution;
        public ValueList<LoadBalancerIngress> Ingress;

        public Service ToService() => new()
        {
            Metadata = Metadata,
            Type = string.IsNullOrEmpty(Type) ? "ClusterIP" : Type,
            ClusterIps = Addresses(),
            Headless = ClusterIp.IsNone || (ClusterIps.Count > 0 && ClusterIps[0].IsNone),
            IpFamilies = IpFamilies,
            Ports = Ports,
            Selector = Selector,
            ExternalIps = ExternalIps,
            ExternalName = ExternalName ?? "",
            ExternalTrafficPolicyLocal = ExternalLocal,
            InternalTrafficPolicyLocal = InternalLocal,
            ClientIpAffinitySeconds = ClientIpAffinity ? AffinitySeconds ?? DefaultAffinitySeconds : null,
            HealthCheckNodePort = HealthCheckNodePort,
            PublishNotReadyAddresses = PublishNotReady,
            LoadBalancerSourceRanges = SourceRanges,
            LoadBalancerClass = LoadBalancerClass,
            LoadBalancerIp = LoadBalancerIp,
            RequiresDualStack = RequiresDualStack,
            TrafficDistribution = TrafficDistribution,
            LoadBalancerIngress = Ingress,
        };

        private ValueList<IpAddress> Addresses()
        {
            if (ClusterIps.IsEmpty)
            {
                return ClusterIp.Address is { } single ? [single] : default;
            }

            return ClusterIps.Where(static ip => ip.Address is not null).Select(static ip => ip.Address.GetValueOrDefault()).ToValueList();
        }
    }
}
