using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>One version of one object. Never changed after it was made: lists, watches and history share it.</summary>
internal sealed class StoredObject
{
    private byte[]? _json;

    public StoredObject(JsonObject tree, ulong revision)
    {
        Tree = tree;
        Revision = revision;
        Key = new ObjectKey(tree.Namespace(), tree.Name());
    }

    /// <summary>The object; read only.</summary>
    public JsonObject Tree { get; }

    /// <summary>Its resourceVersion.</summary>
    public ulong Revision { get; }

    public ObjectKey Key { get; }

    /// <summary>The object as JSON, made once for every list and watcher that sends it.</summary>
    public ReadOnlyMemory<byte> Json => _json ??= Tree.ToUtf8();
}

/// <summary>Where an object is within its kind, ordered as lists are.</summary>
internal readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other)
    {
        var byNamespace = string.CompareOrdinal(Namespace, other.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Name, other.Name);
    }

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}

/// <summary>One write, as history and watchers keep it.</summary>
/// <param name="Revision">The resourceVersion that this write made.</param>
/// <param name="Previous">Null when the object was created.</param>
/// <param name="Current">Null when the object was deleted.</param>
/// <param name="Last">For a delete: the last state with the delete's own version, as watchers get it.</param>
internal sealed record StoredChange(ulong Revision, StoredObject? Previous, StoredObject? Current, StoredObject? Last)
{
    public ObjectKey Key => (Current ?? Previous)!.Key;
}
