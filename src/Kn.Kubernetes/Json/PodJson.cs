using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>core/v1 Pod.</summary>
internal static class PodJson
{
    public static Pod Read(ref ObjectReader reader)
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
                ReadStatus(ref reader, draft);
            }
        }

        // Ports keep the pod's order: a sidecar (an init container that restarts) comes before the containers.
        return new Pod
        {
            Metadata = draft.Metadata,
            NodeName = draft.NodeName ?? "",
            HostNetwork = draft.HostNetwork,
            Hostname = draft.Hostname,
            Subdomain = draft.Subdomain,
            PodIps = draft.PodIps.IsEmpty && draft.PodIp is { } single ? [single] : draft.PodIps,
            Phase = draft.Phase ?? "",
            Ready = draft.Ready,
            Ports = draft.SidecarPorts.Count == 0 && draft.Ports.Count == 0 ? default : draft.SidecarPorts.Concat(draft.Ports).ToValueList(),
        };
    }

    public static void Write(Utf8JsonWriter writer, Pod pod)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteNonEmpty("nodeName"u8, pod.NodeName);
        writer.WriteTrue("hostNetwork"u8, pod.HostNetwork);
        if (pod.Hostname is not null)
        {
            writer.WriteString("hostname"u8, pod.Hostname);
        }

        if (pod.Subdomain is not null)
        {
            writer.WriteString("subdomain"u8, pod.Subdomain);
        }

        WritePorts(writer, pod.Ports);
        writer.WriteEndObject();
        writer.WriteStartObject("status"u8);
        writer.WriteNonEmpty("phase"u8, pod.Phase);
        writer.WriteObjects("podIPs"u8, "ip"u8, pod.PodIps);
        writer.WriteReady(pod.Ready);
        writer.WriteEndObject();
    }

    private static void WritePorts(Utf8JsonWriter writer, ValueList<ContainerPort> ports)
    {
        if (ports.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("containers"u8);
        writer.WriteStartObject();
        writer.WriteStartArray("ports"u8);
        foreach (var port in ports)
        {
            writer.WriteStartObject();
            writer.WriteNonEmpty("name"u8, port.Name);
            writer.WriteString("protocol"u8, port.Protocol.Word());
            writer.WriteNumber("containerPort"u8, port.Port);
            writer.WriteNonZero("hostPort"u8, port.HostPort);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void ReadSpec(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("nodeName"u8))
            {
                draft.NodeName = reader.Name();
            }
            else if (reader.Is("hostNetwork"u8))
            {
                draft.HostNetwork = reader.Boolean() ?? false;
            }
            else if (reader.Is("hostname"u8))
            {
                draft.Hostname = reader.Text();
            }
            else if (reader.Is("subdomain"u8))
            {
                draft.Subdomain = reader.Name();
            }
            else if (reader.Is("containers"u8))
            {
                ReadContainers(ref reader, draft.Ports, sidecarsOnly: false);
            }
            else if (reader.Is("initContainers"u8))
            {
                ReadContainers(ref reader, draft.SidecarPorts, sidecarsOnly: true);
            }
        }
    }

    private static void ReadContainers(ref ObjectReader reader, List<ContainerPort> ports, bool sidecarsOnly)
    {
        if (!reader.BeginArray())
        {
            return;
        }

        while (reader.NextElement())
        {
            var (own, isSidecar) = ReadContainer(ref reader);
            if (isSidecar || !sidecarsOnly)
            {
                ports.AddRange(own);
            }
        }
    }

    private static (ValueList<ContainerPort> Ports, bool IsSidecar) ReadContainer(ref ObjectReader reader)
    {
        var ports = default(ValueList<ContainerPort>);
        var isSidecar = false;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ports"u8))
            {
                ports = SharedJson.List(ref reader, ReadPort);
            }
            else if (reader.Is("restartPolicy"u8))
            {
                isSidecar = reader.TextEquals("Always"u8);
            }
        }

        return (ports, isSidecar);
    }

    private static ContainerPort ReadPort(ref ObjectReader reader)
    {
        var port = new ContainerPort("", IpProtocol.Tcp, 0, 0);
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
            else if (reader.Is("containerPort"u8))
            {
                port = port with { Port = reader.Port() ?? 0 };
            }
            else if (reader.Is("hostPort"u8))
            {
                port = port with { HostPort = reader.Port() ?? 0 };
            }
        }

        return port;
    }

    private static void ReadStatus(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("phase"u8))
            {
                draft.Phase = reader.Name();
            }
            else if (reader.Is("podIP"u8))
            {
                draft.PodIp = reader.Address();
            }
            else if (reader.Is("podIPs"u8))
            {
                draft.PodIps = SharedJson.List(ref reader, ReadPodIp).Where(static ip => ip is not null).Select(static ip => ip.GetValueOrDefault()).ToValueList();
            }
            else if (reader.Is("conditions"u8))
            {
                draft.Ready = SharedJson.IsReady(ref reader);
            }
        }
    }

    private static IpAddress? ReadPodIp(ref ObjectReader reader)
    {
        IpAddress? ip = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ip"u8))
            {
                ip = reader.Address();
            }
        }

        return ip;
    }

    private sealed class Draft
    {
        public ObjectMeta Metadata = new();
        public string? NodeName;
        public bool HostNetwork;
        public string? Hostname;
        public string? Subdomain;
        public ValueList<IpAddress> PodIps;
        public IpAddress? PodIp;
        public string? Phase;
        public bool Ready;
        public readonly List<ContainerPort> Ports = [];
        public readonly List<ContainerPort> SidecarPorts = [];
    }
}
