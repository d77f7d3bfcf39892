using System.Text.Json;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>A kind of object: where the API server has it, how it is decoded, and where a snapshot keeps it.</summary>
public abstract class ResourceKind
{
    private protected ResourceKind(int index, string group, string version, string plural, string name, bool isNamespaced)
    {
        Index = index;
        Group = group;
        Version = version;
        Plural = plural;
        Name = name;
        IsNamespaced = isNamespaced;
    }

    /// <summary>API group; empty for core.</summary>
    public string Group { get; }

    /// <summary>API version, such as v1.</summary>
    public string Version { get; }

    /// <summary>The resource's name in paths, such as endpointslices.</summary>
    public string Plural { get; }

    /// <summary>The kind's name in objects, such as EndpointSlice.</summary>
    public string Name { get; }

    /// <summary>False for kinds that belong to the cluster, such as Node.</summary>
    public bool IsNamespaced { get; }

    /// <summary>True where some servers do not have the kind; then it counts as empty. Any other kind's absence is a fault of the server.</summary>
    public bool IsOptional { get; internal init; }

    /// <summary>True for what must not be on the disk: a snapshot file says that there is none.</summary>
    public bool IsConfidential { get; internal init; }

    /// <summary>Position in <see cref="ResourceKinds.All"/>.</summary>
    public int Index { get; }

    /// <summary>Path of the list over all namespaces, such as /apis/discovery.k8s.io/v1/endpointslices.</summary>
    public string ListPath => $"{GroupPath}/{Plural}";

    private string GroupPath => Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";

    /// <summary>Path of one object.</summary>
    public string PathOf(ObjectKey key) =>
        $"{CollectionPath(key.Namespace)}/{Uri.EscapeDataString(key.Name)}";

    /// <summary>Path of the list within a namespace; of all objects for a kind that has none.</summary>
    public string CollectionPath(string @namespace) =>
        IsNamespaced ? $"{GroupPath}/namespaces/{Uri.EscapeDataString(@namespace)}/{Plural}" : ListPath;

    /// <summary>All objects of this kind in a snapshot.</summary>
    public abstract IEnumerable<KubernetesObject> ObjectsIn(ClusterSnapshot snapshot);

    /// <summary>The object of that key in a snapshot, or null.</summary>
    public abstract KubernetesObject? Find(ClusterSnapshot snapshot, ObjectKey key);

    /// <summary>How many objects of this kind a snapshot holds.</summary>
    public abstract int CountIn(ClusterSnapshot snapshot);

    /// <summary>Decodes one object from its JSON.</summary>
    /// <exception cref="ObjectDecodeException">It is not what the kind says; the exception names kind, object and field.</exception>
    public KubernetesObject DecodeObject(ReadOnlySpan<byte> json, StringPool strings)
    {
        try
        {
            var reader = new ObjectReader(json, strings);
            var item = Read(ref reader);
            return item.Metadata.Name.Length > 0 ? item : throw new FieldFormatException("an object without a name", 0);
        }
        catch (FieldFormatException error)
        {
            throw new ObjectDecodeException(Name, ObjectIdentity.Read(json).Key, FieldPath.At(json, error.Position), error.Message, error);
        }
        catch (JsonException error)
        {
            throw new ObjectDecodeException(Name, ObjectIdentity.Read(json).Key, "", "not valid JSON: " + error.Message, error);
        }
    }

    /// <summary>Writes an object as JSON with the fields that Kn holds; <see cref="DecodeObject"/> reads it back to an equal record.</summary>
    public void Encode(Utf8JsonWriter writer, KubernetesObject item)
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, Group.Length == 0 ? Version : $"{Group}/{Version}");
        writer.WriteString("kind"u8, Name);
        MetadataJson.Write(writer, item.Metadata);
        WriteFields(writer, item);
        writer.WriteEndObject();
    }

    /// <summary>The kind's name.</summary>
    public override string ToString() => Name;

    internal abstract KubernetesObject? Find(ClusterSnapshot.Builder snapshot, ObjectKey key);

    private protected abstract KubernetesObject Read(ref ObjectReader reader);

    private protected abstract void WriteFields(Utf8JsonWriter writer, KubernetesObject item);
}
