using System.Text.Json;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>networking.k8s.io/v1 Ingress.</summary>
internal static class IngressJson
{
    public static Ingress Read(ref ObjectReader reader)
    {
        var ingress = new Ingress();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                ingress = ingress with { Metadata = MetadataJson.Read(ref reader) };
            }
            else if (reader.Is("spec"u8))
            {
                ingress = ReadSpec(ref reader, ingress);
            }
            else if (reader.Is("status"u8))
            {
                ingress = ingress with { LoadBalancer = ReadStatus(ref reader) };
            }
        }

        return ingress;
    }

    public static void Write(Utf8JsonWriter writer, Ingress ingress)
    {
        writer.WriteStartObject("spec"u8);
        if (ingress.ClassName is { } className)
        {
            writer.WriteString("ingressClassName"u8, className);
        }

        if (ingress.DefaultBackend is { } backend)
        {
            WriteBackend(writer, "defaultBackend"u8, backend);
        }

        WriteRules(writer, ingress.Rules);
        WriteTls(writer, ingress.Tls);
        writer.WriteEndObject();
        if (!ingress.LoadBalancer.IsEmpty)
        {
            writer.WriteStartObject("status"u8);
            writer.WriteStartObject("loadBalancer"u8);
            LoadBalancerStatus.WriteEntries(writer, ingress.LoadBalancer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    }

    private static ValueList<LoadBalancerEntry> ReadStatus(ref ObjectReader reader)
    {
        var entries = default(ValueList<LoadBalancerEntry>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("loadBalancer"u8))
            {
                entries = ReadStatus(ref reader);
            }
            else if (reader.Is("ingress"u8))
            {
                entries = SharedJson.List(ref reader, ReadEntry);
            }
        }

        return entries;
    }

    private static LoadBalancerEntry ReadEntry(ref ObjectReader reader)
    {
        var entry = default(LoadBalancerEntry);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ip"u8))
            {
                entry = entry with { Ip = reader.Address() };
            }
            else if (reader.Is("hostname"u8))
            {
                entry = entry with { Hostname = reader.Name() is { Length: > 0 } name ? name : null };
            }
        }

        return entry;
    }

    private static Ingress ReadSpec(ref ObjectReader reader, Ingress ingress)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ingressClassName"u8))
            {
                ingress = ingress with { ClassName = reader.Name() };
            }
            else if (reader.Is("defaultBackend"u8))
            {
                ingress = ingress with { DefaultBackend = ReadBackend(ref reader) };
            }
            else if (reader.Is("rules"u8))
            {
                ingress = ingress with { Rules = SharedJson.List(ref reader, ReadRule) };
            }
            else if (reader.Is("tls"u8))
            {
                ingress = ingress with { Tls = SharedJson.List(ref reader, ReadTls) };
            }
        }

        return ingress;
    }

    private static IngressRule ReadRule(ref ObjectReader reader)
    {
        var host = "";
        var paths = default(ValueList<IngressPath>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("host"u8))
            {
                host = reader.Name() ?? "";
            }
            else if (reader.Is("http"u8))
            {
                paths = ReadHttp(ref reader);
            }
        }

        return new IngressRule(host, paths);
    }

    private static ValueList<IngressPath> ReadHttp(ref ObjectReader reader)
    {
        var paths = default(ValueList<IngressPath>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("paths"u8))
            {
                paths = SharedJson.List(ref reader, ReadPath);
            }
        }

        return paths;
    }

    private static IngressPath ReadPath(ref ObjectReader reader)
    {
        var path = new IngressPath("", IngressPathType.ImplementationSpecific, new IngressBackend());
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("path"u8))
            {
                path = path with { Path = reader.Name() ?? "" };
            }
            else if (reader.Is("pathType"u8))
            {
                path = path with { Type = PathType(reader.Name()) };
            }
            else if (reader.Is("backend"u8))
            {
                path = path with { Backend = ReadBackend(ref reader) ?? new IngressBackend() };
            }
        }

        return path;
    }

    private static IngressPathType PathType(string? word) => word switch
    {
        "Exact" => IngressPathType.Exact,
        "Prefix" => IngressPathType.Prefix,
        _ => IngressPathType.ImplementationSpecific,
    };

    private static IngressBackend? ReadBackend(ref ObjectReader reader)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return null;
        }

        var backend = new IngressBackend();
        while (reader.NextProperty())
        {
            if (reader.Is("service"u8))
            {
                backend = ReadService(ref reader, backend);
            }
            else if (reader.Is("resource"u8))
            {
                backend = backend with { Resource = ReadResource(ref reader) };
            }
        }

        return backend;
    }

    private static IngressBackend ReadService(ref ObjectReader reader, IngressBackend backend)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("name"u8))
            {
                backend = backend with { Service = reader.Name() ?? "" };
            }
            else if (reader.Is("port"u8))
            {
                backend = ReadPort(ref reader, backend);
            }
        }

        return backend;
    }

    private static IngressBackend ReadPort(ref ObjectReader reader, IngressBackend backend)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("number"u8))
            {
                backend = backend with { PortNumber = reader.Port() is > 0 and { } number ? number : null };
            }
            else if (reader.Is("name"u8))
            {
                backend = backend with { PortName = reader.Name() is { Length: > 0 } name ? name : null };
            }
        }

        return backend;
    }

    /// <summary>A TypedLocalObjectReference, which Kn can only name.</summary>
    private static string? ReadResource(ref ObjectReader reader)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return null;
        }

        var (kind, name) = ("", "");
        while (reader.NextProperty())
        {
            if (reader.Is("kind"u8))
            {
                kind = reader.Name() ?? "";
            }
            else if (reader.Is("name"u8))
            {
                name = reader.Name() ?? "";
            }
        }

        return $"{kind}/{name}";
    }

    private static IngressTls ReadTls(ref ObjectReader reader)
    {
        var hosts = default(ValueList<string>);
        string? secret = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("hosts"u8))
            {
                hosts = SharedJson.List(ref reader, static (ref ObjectReader item) => item.Name() ?? "");
            }
            else if (reader.Is("secretName"u8))
            {
                secret = reader.Name() is { Length: > 0 } name ? name : null;
            }
        }

        return new IngressTls(hosts, secret);
    }

    private static void WriteRules(Utf8JsonWriter writer, ValueList<IngressRule> rules)
    {
        if (rules.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("rules"u8);
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            writer.WriteNonEmpty("host"u8, rule.Host);
            writer.WriteStartObject("http"u8);
            writer.WriteStartArray("paths"u8);
            foreach (var path in rule.Paths)
            {
                WritePath(writer, path);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePath(Utf8JsonWriter writer, IngressPath path)
    {
        writer.WriteStartObject();
        writer.WriteNonEmpty("path"u8, path.Path);
        writer.WriteString("pathType"u8, path.Type switch
        {
            IngressPathType.Exact => "Exact"u8,
            IngressPathType.Prefix => "Prefix"u8,
            _ => "ImplementationSpecific"u8,
        });
        WriteBackend(writer, "backend"u8, path.Backend);
        writer.WriteEndObject();
    }

    private static void WriteBackend(Utf8JsonWriter writer, ReadOnlySpan<byte> property, IngressBackend backend)
    {
        writer.WriteStartObject(property);
        if (backend.Resource is { } resource)
        {
            var slash = resource.IndexOf('/', StringComparison.Ordinal);
            writer.WriteStartObject("resource"u8);
            writer.WriteString("kind"u8, resource.AsSpan(0, slash));
            writer.WriteString("name"u8, resource.AsSpan(slash + 1));
            writer.WriteEndObject();
        }

        if (backend.Service.Length > 0)
        {
            writer.WriteStartObject("service"u8);
            writer.WriteString("name"u8, backend.Service);
            writer.WriteStartObject("port"u8);
            writer.WriteNonZero("number"u8, backend.PortNumber ?? 0);
            writer.WriteNonEmpty("name"u8, backend.PortName);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteTls(Utf8JsonWriter writer, ValueList<IngressTls> tls)
    {
        if (tls.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("tls"u8);
        foreach (var entry in tls)
        {
            writer.WriteStartObject();
            writer.WriteNonEmpty("hosts"u8, entry.Hosts);
            writer.WriteNonEmpty("secretName"u8, entry.SecretName);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
