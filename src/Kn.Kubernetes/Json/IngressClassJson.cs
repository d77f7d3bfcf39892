using System.Text.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Json;

/// <summary>networking.k8s.io/v1 IngressClass.</summary>
internal static class IngressClassJson
{
    public static IngressClass Read(ref ObjectReader reader)
    {
        var metadata = new ObjectMeta();
        var controller = "";
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                metadata = MetadataJson.Read(ref reader);
            }
            else if (reader.Is("spec"u8))
            {
                controller = ReadController(ref reader);
            }
        }

        return new IngressClass { Metadata = metadata, Controller = controller };
    }

    public static void Write(Utf8JsonWriter writer, IngressClass item)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteNonEmpty("controller"u8, item.Controller);
        writer.WriteEndObject();
    }

    private static string ReadController(ref ObjectReader reader)
    {
        var controller = "";
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("controller"u8))
            {
                controller = reader.Name() ?? "";
            }
        }

        return controller;
    }
}
