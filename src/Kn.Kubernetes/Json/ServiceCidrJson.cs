using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>networking.k8s.io/v1 ServiceCIDR.</summary>
internal static class ServiceCidrJson
{
    public static ServiceCidr Read(ref ObjectReader reader)
    {
        var metadata = new ObjectMeta();
        var cidrs = default(ValueList<IpPrefix>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                metadata = MetadataJson.Read(ref reader);
            }
            else if (reader.Is("spec"u8))
            {
                cidrs = ReadSpec(ref reader);
            }
        }

        return new ServiceCidr { Metadata = metadata, Cidrs = cidrs };
    }

    public static void Write(Utf8JsonWriter writer, ServiceCidr item)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteNonEmpty("cidrs"u8, item.Cidrs);
        writer.WriteEndObject();
    }

    private static ValueList<IpPrefix> ReadSpec(ref ObjectReader reader)
    {
        var cidrs = default(ValueList<IpPrefix>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("cidrs"u8))
            {
                cidrs = SharedJson.Prefixes(ref reader);
            }
        }

        return cidrs;
    }
}
