using System.Runtime.InteropServices;
using System.Text;

namespace Kn.Kubernetes.Json;

/// <summary>Keeps one copy of strings that recur from object to object: namespaces, node names, label keys and values.</summary>
/// <remarks>Bounded: each slot remembers the last string that hashed to it, so strange input can make it useless but not large.
/// Several threads may share a pool: a slot is one reference, and losing a race costs one duplicate.</remarks>
public sealed class StringPool
{
    private const int SlotCount = 4096;
    private const int LongestPooled = 64;
    private readonly string?[] _names = new string?[SlotCount];
    private readonly string?[] _values = new string?[SlotCount];

    /// <summary>The string of UTF-8 text that is a name: a namespace, a node, a label key.</summary>
    internal string Name(ReadOnlySpan<byte> utf8) => Find(_names, utf8);

    /// <summary>The string of UTF-8 text that often, but not always, recurs: a label's value. Kept apart, lest unique values push names out.</summary>
    internal string Value(ReadOnlySpan<byte> utf8) => Find(_values, utf8);

    private static string Find(string?[] slots, ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        if (utf8.Length > LongestPooled)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        ref var slot = ref slots[Hash(utf8) & (SlotCount - 1)];
        if (slot is { } known && Ascii.Equals(utf8, known))
        {
            return known;
        }

        return slot = Encoding.UTF8.GetString(utf8);
    }

    // Multiply and mix eight bytes at a time; not for security, a slot is only a guess.
    private static int Hash(ReadOnlySpan<byte> utf8)
    {
        const ulong Odd = 0x9E37_79B9_7F4A_7C15;
        var hash = (ulong)utf8.Length * Odd;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(utf8))
        {
            hash = (hash ^ word) * Odd;
            hash ^= hash >> 32;
        }

        foreach (var tail in utf8[(utf8.Length & ~7)..])
        {
            hash = (hash ^ tail) * Odd;
            hash ^= hash >> 29;
        }

        return (int)(hash >> 40);
    }
}
