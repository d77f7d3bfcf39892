using System.Runtime.CompilerServices;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>A piece's labels once more, within the piece itself where they fit: comparing them then costs no further look into memory, which
/// is what a look-up's time goes to.</summary>
/// <remarks>Made of the labels, and so no part of what makes two pieces equal.</remarks>
internal readonly struct NearLabels : IEquatable<NearLabels>
{
    private const int Room = 47;

    private readonly byte _length;
    private readonly Bytes _bytes;

    /// <summary>Copies labels that fit; else remembers nothing.</summary>
    public NearLabels(ReadOnlySpan<byte> labels)
    {
        if (labels.Length <= Room)
        {
            _length = (byte)labels.Length;
            labels.CopyTo(_bytes);
        }
    }

    /// <summary>True when these are the same labels, in any case.</summary>
    /// <param name="labels">What is looked for.</param>
    /// <param name="all">The labels themselves, for those that did not fit.</param>
    public bool Match(ReadOnlySpan<byte> labels, in ValueList<byte> all)
    {
        ReadOnlySpan<byte> near = _bytes;
        return DnsName.Matches(labels, _length > 0 ? near[.._length] : all.AsSpan());
    }

    /// <inheritdoc/>
    public bool Equals(NearLabels other) => true;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NearLabels;

    /// <inheritdoc/>
    public override int GetHashCode() => 0;

    [InlineArray(Room)]
    private struct Bytes
    {
        private byte _first;
    }
}
