using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Http2.Messages;

/// <summary>Spells the fields of a request as the head of HTTP/1.1, so that it is read, routed and rewritten like any other.</summary>
/// <remarks>RFC 9113 §8.3.1. Nothing gets into the text that could end a line; what else may be wrong with it is for <see cref="RequestHead"/> to say.</remarks>
/// <param name="destination">Gets the head.</param>
/// <param name="side">Keeps what is not written at once; as long as the longest head.</param>
/// <param name="longest">Longest head.</param>
internal ref struct RequestSpelling(Span<byte> destination, Span<byte> side, int longest)
{
    private readonly Span<byte> _all = destination;
    private readonly Span<byte> _side = side;
    private HeadWriter _head = new(destination);
    private int _sideLength;
    private int _octets;
    private Range? _method;
    private Range? _scheme;
    private Range? _authority;
    private Range? _path;
    private Range? _protocol;
    private Range? _host;
    private Range? _cookies;
    private bool _hasField;
    private bool _isGrpc;

    /// <summary>Whether it is no request (RFC 9113 §8.1.1): the stream is reset.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The status that it is refused by; 0 where it is not.</summary>
    public int Refusal { get; private set; }

    /// <summary>How many octets its fields have so far.</summary>
    public readonly int Octets => _octets;

    /// <summary>The length that it says its body has; -1 for none.</summary>
    public long BodyLength { get; private set; } = -1;

    /// <summary>Adds a field.</summary>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        _octets = Math.Min(_octets + name.Length + value.Length + 4, 1 << 30);
        if (IsMalformed || _octets > longest)
        {
            Refusal = _octets > longest ? 431 : Refusal;
            return;
        }

        if (!name.IsEmpty && name[0] == ':')
        {
            IsMalformed = _hasField || !FieldRules.IsSoundValue(value) || !AddPseudo(name[1..], value);
            return;
        }

        _hasField = true;
        var kind = FieldKinds.Of(name);
        if (!FieldRules.IsSound(name, value) || FieldRules.IsOfConnection(kind, name, value))
        {
            IsMalformed = true;
            return;
        }

        AddField(kind, name, value);
    }

    /// <summary>Ends the head.</summary>
    /// <param name="endsStream">Whether there is no body.</param>
    /// <param name="key">Sec-WebSocket-Key, where one is needed: HTTP/2 has none (RFC 8441 §5).</param>
    /// <returns>Where it is; empty when it is malformed or refused.</returns>
    public Span<byte> End(bool endsStream, scoped ReadOnlySpan<byte> key)
    {
        var isTunnel = _protocol is not null;
        IsMalformed |= !IsWhole(isTunnel) || (endsStream && BodyLength > 0);
        if (IsMalformed || Refusal != 0)
        {
            return default;
        }

        if (isTunnel && (endsStream || !Ascii.EqualsIgnoreCase(Kept(_protocol), "websocket"u8)))
        {
            Refusal = 501;
            return default;
        }

        WriteFraming(endsStream || isTunnel);
        if (_cookies is { } cookies)
        {
            _head.Field("Cookie: "u8, _side[cookies]);
        }

        if (isTunnel)
        {
            _head.Write("Upgrade: websocket\r\nConnection: Upgrade\r\n"u8);
            _head.Field("Sec-WebSocket-Key: "u8, key);
        }

        _head.Write("\r\n"u8);
        return Finish(isTunnel);
    }

    /// <summary>Puts the line in front: what it says may have come last.</summary>
    private Span<byte> Finish(bool isTunnel)
    {
        var line = new HeadWriter(_all[_head.Length..]);
        line.Write(isTunnel ? "GET"u8 : Kept(_method));
        line.Write(" "u8);
        line.Write(_path is null ? "/"u8 : Kept(_path));
        line.Write(" HTTP/1.1\r\n"u8);
        if ((_authority ?? _host) is { } authority)
        {
            line.Field("Host: "u8, _side[authority]);
        }

        var fields = _head.Length;
        line.Write(_all[..fields]);
        if (_head.IsFull || line.IsFull || line.Length > longest)
        {
            Refusal = 431;
            return default;
        }

        return _all.Slice(fields, line.Length);
    }

    private void AddField(FieldKind kind, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        switch (kind)
        {
            case FieldKind.Host:
                IsMalformed |= _host is not null || (_authority is not null && !Ascii.EqualsIgnoreCase(Kept(_authority), value));
                _host = Keep(value);
                return;
            case FieldKind.Hop:
                return;
            case FieldKind.ContentLength:
                AddLength(value);
                return;
            case FieldKind.Other when name.SequenceEqual("cookie"u8):
                AddCookie(value);
                return;
            case FieldKind.Other when name.SequenceEqual("content-type"u8):
                _isGrpc = value.StartsWith("application/grpc"u8);
                break;
        }

        _head.Write(name);
        _head.Write(": "u8);
        _head.Write(value);
        _head.Write("\r\n"u8);
    }

    /// <summary>gRPC ends with trailers, which a body of known length cannot have in HTTP/1.1: it goes in chunks.</summary>
    private void WriteFraming(bool isEmpty)
    {
        if (BodyLength >= 0 && (isEmpty || !_isGrpc))
        {
            _head.Write("Content-Length: "u8);
            _head.Write(BodyLength);
            _head.Write("\r\n"u8);
        }
        else if (!isEmpty)
        {
            _head.Write("Transfer-Encoding: chunked\r\n"u8);
        }
    }

    private void AddLength(scoped ReadOnlySpan<byte> value)
    {
        if (BodyLength >= 0 || !ContentLength.TryParse(value, out var length))
        {
            IsMalformed = true;
            return;
        }

        BodyLength = length;
    }

    /// <summary>Cookies may come in crumbs, and leave as one field (RFC 9113 §8.2.3).</summary>
    private void AddCookie(scoped ReadOnlySpan<byte> value)
    {
        if (_cookies is not { } before)
        {
            _cookies = Keep(value);
            return;
        }

        // A host may have come between: then the crumbs so far move behind it.
        var start = before.End.Value == _sideLength ? before.Start.Value : Keep(_side[before]).Start.Value;
        Keep("; "u8);
        Keep(value);
        _cookies = start.._sideLength;
    }

    private bool AddPseudo(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("method"u8))
        {
            return Set(ref _method, value) && HeadFields.IsToken(value);
        }

        if (name.SequenceEqual("path"u8))
        {
            // Only a path: a whole URI would be another authority.
            return Set(ref _path, value) && !value.IsEmpty && (value[0] == '/' || value.SequenceEqual("*"u8));
        }

        if (name.SequenceEqual("scheme"u8))
        {
            return Set(ref _scheme, value) && (Ascii.EqualsIgnoreCase(value, "https"u8) || Ascii.EqualsIgnoreCase(value, "http"u8));
        }

        return name.SequenceEqual("authority"u8) ? Set(ref _authority, value) : name.SequenceEqual("protocol"u8) && Set(ref _protocol, value);
    }

    private readonly bool IsWhole(bool isTunnel)
    {
        if (_method is null || (isTunnel && !Kept(_method).SequenceEqual("CONNECT"u8)))
        {
            return false;
        }

        // CONNECT of old has an authority alone (RFC 9113 §8.5); it is refused as in HTTP/1.1.
        var isConnect = !isTunnel && Kept(_method).SequenceEqual("CONNECT"u8);
        return isConnect ? _scheme is null && _path is null : _scheme is not null && _path is not null;
    }

    private bool Set(ref Range? place, scoped ReadOnlySpan<byte> value)
    {
        var isFirst = place is null;
        place = Keep(value);
        return isFirst;
    }

    private Range Keep(scoped ReadOnlySpan<byte> value)
    {
        if (value.Length > _side.Length - _sideLength)
        {
            Refusal = 431;
            return ..0;
        }

        value.CopyTo(_side[_sideLength..]);
        _sideLength += value.Length;
        return (_sideLength - value.Length).._sideLength;
    }

    private readonly ReadOnlySpan<byte> Kept(Range? range) => range is { } place ? _side[place] : default;
}
