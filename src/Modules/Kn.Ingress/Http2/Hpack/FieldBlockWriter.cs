using System.Buffers.Text;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Http2.Hpack;

/// <summary>Writes a header block. What must fit must fit: <see cref="MaxLength"/> says how much that is.</summary>
/// <remarks>Strings are written as they are: Huffman's code saves a fifth of their octets and costs more than all else. Fields that come again with the same
/// value are kept in the dynamic table, from where they cost an octet or two.</remarks>
internal ref struct FieldBlockWriter
{
    /// <summary>What a field takes beside its octets, at most.</summary>
    private const int FieldOverhead = 2 + (2 * HpackInteger.MaxLength);

    /// <summary>Longer values do not come twice, or would drive all others out.</summary>
    private const int LongestKept = 256;

    private const int LongestName = 128;
    private readonly Span<byte> _destination;
    private readonly HpackTable _table;

    /// <summary>Begins a block.</summary>
    public FieldBlockWriter(HpackEncoder encoder, Span<byte> destination)
    {
        _destination = destination;
        _table = encoder.Table;
        Length = encoder.Begin(destination);
    }

    /// <summary>How much is written.</summary>
    public int Length { get; private set; }

    /// <summary>The longest block of so many fields and octets.</summary>
    public static int MaxLength(int fields, int octets) => (2 * HpackInteger.MaxLength) + (fields * FieldOverhead) + octets;

    /// <summary>:status.</summary>
    public void Status(int status)
    {
        var index = status switch
        {
            200 => StaticTable.Status200,
            204 => StaticTable.Status200 + 1,
            206 => StaticTable.Status200 + 2,
            304 => StaticTable.Status200 + 3,
            400 => StaticTable.Status200 + 4,
            404 => StaticTable.Status200 + 5,
            500 => StaticTable.Status200 + 6,
            _ => 0,
        };
        if (index > 0)
        {
            Indexed(index);
            return;
        }

        Span<byte> digits = stackalloc byte[3];
        _ = Utf8Formatter.TryFormat(status, digits, out _);
        Literal(0, 4, StaticTable.Status200, default, digits);
    }

    /// <summary>:method, :scheme, :authority and :path.</summary>
    public void Request(scoped ReadOnlySpan<byte> method, scoped ReadOnlySpan<byte> scheme, scoped ReadOnlySpan<byte> authority, scoped ReadOnlySpan<byte> path)
    {
        if (method.SequenceEqual("GET"u8) || method.SequenceEqual("POST"u8))
        {
            Indexed(method.Length == 3 ? StaticTable.MethodGet : StaticTable.MethodGet + 1);
        }
        else
        {
            Literal(0, 4, StaticTable.MethodGet, default, method);
        }

        Indexed(scheme.SequenceEqual("https"u8) ? StaticTable.SchemeHttp + 1 : StaticTable.SchemeHttp);
        Kept(StaticTable.Authority, ":authority"u8, ByteTable<FieldHabit>.Hash(":authority"u8), authority);
        if (path.SequenceEqual("/"u8))
        {
            Indexed(StaticTable.Path);
        }
        else
        {
            Literal(0, 4, StaticTable.Path, default, path);
        }
    }

    /// <summary>A field; its name is written in lower case (RFC 9113 §8.2).</summary>
    public void Field(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        Span<byte> lower = stackalloc byte[LongestName];
        if (name.Length > LongestName)
        {
            LongField(name, value);
            return;
        }

        var hash = ByteTable<FieldHabit>.Seed;
        for (var index = 0; index < name.Length; index++)
        {
            var letter = name[index];
            lower[index] = letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;
            hash = ByteTable<FieldHabit>.Step(hash, lower[index]);
        }

        lower = lower[..name.Length];
        var habit = StaticTable.HabitOf(lower, hash);
        if (habit.Indexing == FieldIndexing.Indexed && value.Length <= LongestKept)
        {
            Kept(habit.StaticIndex, lower, hash, value);
        }
        else
        {
            Literal(habit.Indexing == FieldIndexing.Never ? (byte)0x10 : (byte)0, 4, habit.StaticIndex, lower, value);
        }
    }

    private void LongField(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        _destination[Length++] = 0;
        Text(name);
        var written = _destination.Slice(Length - name.Length, name.Length);
        for (var index = 0; index < written.Length; index++)
        {
            written[index] = written[index] is >= (byte)'A' and <= (byte)'Z' ? (byte)(written[index] | 0x20) : written[index];
        }

        Text(value);
    }

    private void Kept(int staticIndex, scoped ReadOnlySpan<byte> name, uint hash, scoped ReadOnlySpan<byte> value)
    {
        foreach (var letter in value)
        {
            hash = ByteTable<FieldHabit>.Step(hash, letter);
        }

        var place = _table.Find(name, value, hash);
        if (place >= 0)
        {
            Indexed(StaticTable.Count + 1 + place);
            return;
        }

        if (name.Length + value.Length + HpackTable.EntryOverhead > _table.Limit)
        {
            Literal(0, 4, staticIndex, name, value);
            return;
        }

        Literal(0x40, 6, staticIndex, name, value);
        _table.Add(name, value, hash);
    }

    private void Indexed(int index) => Length += HpackInteger.Write(_destination[Length..], 0x80, 7, index);

    private void Literal(byte pattern, int prefixBits, int staticIndex, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        Length += HpackInteger.Write(_destination[Length..], pattern, prefixBits, staticIndex);
        if (staticIndex == 0)
        {
            Text(name);
        }

        Text(value);
    }

    private void Text(scoped ReadOnlySpan<byte> text)
    {
        Length += HpackInteger.Write(_destination[Length..], 0, 7, text.Length);
        text.CopyTo(_destination[Length..]);
        Length += text.Length;
    }
}
