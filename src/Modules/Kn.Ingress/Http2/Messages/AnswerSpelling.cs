using Kn.Ingress.Http;

namespace Kn.Ingress.Http2.Messages;

/// <summary>Spells the fields of an answer as the head of HTTP/1.1.</summary>
/// <remarks>RFC 9113 §8.3.2.</remarks>
/// <param name="destination">Gets the head.</param>
internal ref struct AnswerSpelling(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private HeadWriter _head = new(destination);
    private bool _hasField;
    private bool _isGrpc;

    /// <summary>Whether it is no answer (RFC 9113 §8.1.1), or too long for one.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The status; 0 while there is none.</summary>
    public int Status { get; private set; }

    /// <summary>The length that it says its body has; -1 for none.</summary>
    public long BodyLength { get; private set; } = -1;

    /// <summary>Adds a field.</summary>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (IsMalformed)
        {
            return;
        }

        if (!name.IsEmpty && name[0] == ':')
        {
            IsMalformed = _hasField || Status != 0 || !name.SequenceEqual(":status"u8) || !ReadStatus(value);
            return;
        }

        _hasField = true;
        var kind = FieldKinds.Of(name);
        if (Status == 0 || !FieldRules.IsSound(name, value) || FieldRules.IsOfConnection(kind, name, value))
        {
            IsMalformed = true;
            return;
        }

        if (kind == FieldKind.ContentLength)
        {
            IsMalformed = BodyLength >= 0 || !ReadLength(value);
            return;
        }

        _isGrpc |= kind == FieldKind.Other && name.SequenceEqual("content-type"u8) && value.StartsWith("application/grpc"u8);
        _head.Write(name);
        _head.Write(": "u8);
        _head.Write(value);
        _head.Write("\r\n"u8);
    }

    /// <summary>Ends the head.</summary>
    /// <param name="endsStream">Whether there is no body.</param>
    /// <param name="isToHead">Whether it answers a HEAD.</param>
    /// <param name="knowsChunks">Whether whoever reads it knows chunks, which a client of HTTP/1.0 does not.</param>
    /// <returns>The head; empty when it is malformed.</returns>
    public Span<byte> End(bool endsStream, bool isToHead, bool knowsChunks)
    {
        var isInterim = Status is >= 100 and < 200;
        var hasBody = !isInterim && !isToHead && Status is not (204 or 304);
        IsMalformed |= Status is < 100 or 101 || (isInterim && endsStream) || (hasBody && endsStream && BodyLength > 0);
        var length = BodyLength >= 0 ? BodyLength : hasBody && endsStream ? 0 : -1;
        if (length >= 0 && Status is >= 200 and not 204 && (endsStream || !hasBody || !_isGrpc))
        {
            _head.Write("Content-Length: "u8);
            _head.Write(length);
            _head.Write("\r\n"u8);
        }
        else if (hasBody && !endsStream && knowsChunks)
        {
            // gRPC ends with trailers, which a body of known length cannot have in HTTP/1.1.
            _head.Write("Transfer-Encoding: chunked\r\n"u8);
        }

        _head.Write("\r\n"u8);
        IsMalformed |= _head.IsFull;
        return IsMalformed ? default : _destination[.._head.Length];
    }

    private bool ReadStatus(scoped ReadOnlySpan<byte> value)
    {
        if (value.Length != 3 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + value[2] - '0';
        _head.Write("HTTP/1.1 "u8);
        _head.Write(value);

        // Without a reason the space stays (RFC 9112 §4).
        _head.Write(" \r\n"u8);
        return true;
    }

    private bool ReadLength(scoped ReadOnlySpan<byte> value)
    {
        var isRead = ContentLength.TryParse(value, out var length);
        BodyLength = length;
        return isRead;
    }
}
