using System.Text.Json;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>A kind of object, with its type.</summary>
public sealed class ResourceKind<T> : ResourceKind
    where T : KubernetesObject
{
    private readonly Func<ClusterSnapshot, ObjectTable<T>> _table;
    private readonly ReadItem<T> _read;
    private readonly Action<Utf8JsonWriter, T> _write;

    internal ResourceKind(
        int index,
        (string Group, string Version, string Plural, string Name, bool IsNamespaced) api,
        Func<ClusterSnapshot, ObjectTable<T>> table,
        ReadItem<T> read,
        Action<Utf8JsonWriter, T> write)
        : base(index, api.Group, api.Version, api.Plural, api.Name, api.IsNamespaced)
    {
        _table = table;
        _read = read;
        _write = write;
    }

    /// <summary>The snapshot's table of this kind.</summary>
    public ObjectTable<T> TableOf(ClusterSnapshot snapshot) => _table(snapshot);

    /// <summary>Decodes one object from its JSON.</summary>
    /// <exception cref="ObjectDecodeException">It is not what the kind says.</exception>
    public T Decode(ReadOnlySpan<byte> json, StringPool strings) => (T)DecodeObject(json, strings);

    /// <inheritdoc/>
    public override IEnumerable<KubernetesObject> ObjectsIn(ClusterSnapshot snapshot) => _table(snapshot);

    /// <inheritdoc/>
    public override KubernetesObject? Find(ClusterSnapshot snapshot, ObjectKey key) => _table(snapshot).Find(key);

    /// <inheritdoc/>
    public override int CountIn(ClusterSnapshot snapshot) => _table(snapshot).Count;

    internal override KubernetesObject? Find(ClusterSnapshot.Builder snapshot, ObjectKey key) => snapshot.Find<T>(this, key);

    private protected override KubernetesObject Read(ref ObjectReader reader) => _read(ref reader);

    private protected override void WriteFields(Utf8JsonWriter writer, KubernetesObject item) => _write(writer, (T)item);
}
