using System.Runtime.CompilerServices;
using Kn.Dns.Wire;

namespace Kn.Dns.Zone;

/// <summary>A name within the zone, taken apart: its labels are counted from the apex, which is not among them.</summary>
internal readonly ref struct ZoneName
{
    private readonly ReadOnlySpan<byte> _name;
    private readonly LabelOffsets _offsets;

    /// <summary>Takes a name apart.</summary>
    /// <param name="name">A whole name.</param>
    /// <param name="apex">The zone's own.</param>
    /// <param name="apexLabels">How many labels that has.</param>
    public ZoneName(ReadOnlySpan<byte> name, ReadOnlySpan<byte> apex, int apexLabels)
    {
        _name = name;
        var count = 0;
        for (var position = 0; name[position] != 0; position += name[position] + 1)
        {
            _offsets[count++] = (byte)position;
        }

        Count = count - apexLabels;
        _offsets[count] = (byte)(name.Length - 1);
        IsWithin = Count >= 0 && DnsName.Matches(name[_offsets[Count]..], apex);
    }

    /// <summary>False when the name is not the apex and not below it; then nothing else means anything.</summary>
    public bool IsWithin { get; }

    /// <summary>How many labels stand before the apex.</summary>
    public int Count { get; }

    /// <summary>The text of a label; 0 is the one next to the apex.</summary>
    public ReadOnlySpan<byte> this[int index] => DnsName.FirstLabel(_name[_offsets[Count - 1 - index]..]);

    /// <summary>Labels as on the wire, from the one on the left to the one on the right.</summary>
    public ReadOnlySpan<byte> Between(int left, int right) => _name[_offsets[Count - 1 - left].._offsets[Count - right]];

    /// <summary>True when that label is this word, in any case.</summary>
    public bool Is(int index, ReadOnlySpan<byte> word) => System.Text.Ascii.EqualsIgnoreCase(this[index], word);

    /// <summary>A name has at most 127 labels, and an end.</summary>
    [InlineArray(128)]
    private struct LabelOffsets
    {
        private byte _first;
    }
}
