using Kn.Ingress.Http;

namespace Kn.Ingress.Http2.Messages;

/// <summary>Spells trailers as the end of a chunked body.</summary>
/// <param name="destination">Gets them.</param>
internal ref struct TrailerSpelling(Span<byte> destination)
{
    /// <summary>What a chunked body may have of them (<see cref="ChunkScanner"/>).</summary>
    private const int Longest = 15 << 10;

    private readonly Span<byte> _destination = destination;
    private HeadWriter _lines = new(destination);
    private int _octets;

    /// <summary>Whether they are none: they may not say what the head says (RFC 9113 §8.1), and are not endless.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Adds a field. One that would frame or route the message is left out (RFC 9110 §6.5.1).</summary>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        _octets = Math.Min(_octets + name.Length + value.Length + 4, 1 << 30);
        IsMalformed |= _octets > Longest || !FieldRules.IsSound(name, value);
        if (IsMalformed || FieldKinds.Of(name) is not (FieldKind.Other or FieldKind.Dropped or FieldKind.RequestId))
        {
            return;
        }

        if (_lines.Length == 0)
        {
            _lines.Write("0\r\n"u8);
        }

        _lines.Write(name);
        _lines.Write(": "u8);
        _lines.Write(value);
        _lines.Write("\r\n"u8);
    }

    /// <summary>Ends the body.</summary>
    public Span<byte> End()
    {
        _lines.Write(_lines.Length == 0 ? "0\r\n\r\n"u8 : "\r\n"u8);
        IsMalformed |= _lines.IsFull;
        return IsMalformed ? default : _destination[.._lines.Length];
    }
}
