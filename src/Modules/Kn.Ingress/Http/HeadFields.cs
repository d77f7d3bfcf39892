using System.Buffers;
using System.Text;

namespace Kn.Ingress.Http;

/// <summary>The field lines of a head, as places in its bytes. Made once and used for one head after another.</summary>
/// <remarks>
/// RFC 9112 §5: <c>field-name ":" OWS field-value OWS CRLF</c>, until an empty line. Strict: every line ends in CRLF, names are tokens,
/// nothing is between a name and its colon, no line is folded, values hold no control characters but HTAB.
/// </remarks>
internal sealed class HeadFields
{
    /// <summary>More than any browser sends; nginx has no limit but that of bytes.</summary>
    private const int MaxFields = 128;

    private static readonly SearchValues<byte> s_token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);
    private static readonly SearchValues<byte> s_controls = SearchValues.Create(Controls());
    private readonly Field[] _fields = new Field[MaxFields];

    /// <summary>The fields in their order.</summary>
    public ReadOnlySpan<Field> All => _fields.AsSpan(0, Count);

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all bytes are of a token (RFC 9110 §5.6.2), and there are some.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_token);

    /// <summary>Whether there are control characters other than HTAB.</summary>
    public static bool HasControls(ReadOnlySpan<byte> text) => text.ContainsAny(s_controls);

    /// <summary>Reads the lines of a head that is whole.</summary>
    /// <param name="head">The head, with its empty line.</param>
    /// <param name="at">Where the first field line begins.</param>
    public HeadFault Read(ReadOnlySpan<byte> head, int at)
    {
        Count = 0;
        while (true)
        {
            var line = head[at..];
            var length = line.IndexOf((byte)'\n');
            if (length < 1 || line[length - 1] != '\r')
            {
                return HeadFault.LineEnd;
            }

            if (length == 1)
            {
                return at + 2 == head.Length ? HeadFault.None : HeadFault.LineEnd;
            }

            if (Count == MaxFields)
            {
                return HeadFault.TooLarge;
            }

            var fault = ReadLine(line[..(length - 1)], at);
            if (fault != HeadFault.None)
            {
                return fault;
            }

            at += length + 1;
        }
    }

    /// <summary>Marks the fields that Connection names as those of this hop.</summary>
    /// <param name="head">The head.</param>
    /// <param name="connection">Connection's value.</param>
    public void MarkHops(ReadOnlySpan<byte> head, ReadOnlySpan<byte> connection)
    {
        foreach (var range in connection.Split((byte)','))
        {
            var name = connection[range].Trim(" \t"u8);
            for (var index = 0; index < Count && !name.IsEmpty; index++)
            {
                ref var field = ref _fields[index];
                if (field.Kind is FieldKind.Other && Ascii.EqualsIgnoreCase(head.Slice(field.Start, field.NameLength), name))
                {
                    field.Kind = FieldKind.NamedHop;
                }
            }
        }
    }

    private HeadFault ReadLine(ReadOnlySpan<byte> line, int at)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            return HeadFault.Folding;
        }

        var colon = line.IndexOf((byte)':');
        if (colon < 1 || !IsToken(line[..colon]))
        {
            return HeadFault.FieldName;
        }

        var value = line[(colon + 1)..];
        if (HasControls(value))
        {
            return HeadFault.FieldValue;
        }

        var trimmed = value.TrimStart(" \t"u8);
        var start = line.Length - trimmed.Length;
        _fields[Count++] = new Field(at, colon, at + start, trimmed.TrimEnd(" \t"u8).Length, at + line.Length + 2, FieldKinds.Of(line[..colon]));
        return HeadFault.None;
    }

    private static byte[] Controls()
    {
        var bytes = new List<byte>();
        for (var value = 0; value < 0x20; value++)
        {
            if (value != '\t')
            {
                bytes.Add((byte)value);
            }
        }

        bytes.Add(0x7F);
        return [.. bytes];
    }
}

/// <summary>One field line.</summary>
/// <param name="Start">Where its name, and so its line, begins.</param>
/// <param name="NameLength">How long its name is.</param>
/// <param name="ValueStart">Where its value begins.</param>
/// <param name="ValueLength">How long its value is, without space around it.</param>
/// <param name="End">Where the next line begins.</param>
/// <param name="Kind">What it means.</param>
internal record struct Field(int Start, int NameLength, int ValueStart, int ValueLength, int End, FieldKind Kind)
{
    /// <summary>The value in the head's bytes.</summary>
    public readonly ReadOnlySpan<byte> Value(ReadOnlySpan<byte> head) => head.Slice(ValueStart, ValueLength);

    /// <summary>The line in the head's bytes, with its end.</summary>
    public readonly ReadOnlySpan<byte> Line(ReadOnlySpan<byte> head) => head[Start..End];
}
