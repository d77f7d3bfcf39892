using System.Text;

namespace Kn.Ingress.Http;

/// <summary>The head of a request, as places in its bytes. Made once and used for one head after another: reading allocates nothing.</summary>
/// <remarks>RFC 9112 §3: <c>method SP request-target SP HTTP-version CRLF</c>, then fields.</remarks>
internal sealed class RequestHead
{
    /// <summary>"HTTP/1.1" and its CRLF.</summary>
    private const int VersionLength = 8;

    private Range _method;
    private Range _target;
    private Range _authority;
    private Range _host;
    private Range _requestId;
    private bool _closes;

    /// <summary>The fields.</summary>
    public HeadFields Fields { get; } = new();

    /// <summary>How the body ends.</summary>
    public BodyFraming Framing { get; private set; }

    /// <summary>Its length, for <see cref="BodyFraming.Length"/>.</summary>
    public long BodyLength { get; private set; }

    /// <summary>Whether the client speaks HTTP/1.1; else 1.0.</summary>
    public bool IsHttp11 { get; private set; }

    /// <summary>Whether the client goes on with the connection after the answer.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>Whether the client asks for another protocol, such as WebSocket.</summary>
    public bool WantsUpgrade { get; private set; }

    /// <summary>Whether the client waits for word before it sends its body.</summary>
    public bool ExpectsContinue { get; private set; }

    /// <summary>Whether doing it twice is as doing it once (RFC 9110 §9.2.2).</summary>
    public bool IsIdempotent { get; private set; }

    /// <summary>Whether the answer has no body.</summary>
    public bool IsHead { get; private set; }

    /// <summary>The method.</summary>
    public ReadOnlySpan<byte> Method(ReadOnlySpan<byte> head) => head[_method];

    /// <summary>The target: path and query.</summary>
    public ReadOnlySpan<byte> Target(ReadOnlySpan<byte> head) => head[_target];

    /// <summary>The path: the target up to the question mark.</summary>
    public ReadOnlySpan<byte> Path(ReadOnlySpan<byte> head)
    {
        var target = head[_target];
        var query = target.IndexOf((byte)'?');
        return query < 0 ? target : target[..query];
    }

    /// <summary>Host and port as the client wrote them; empty where it wrote none.</summary>
    public ReadOnlySpan<byte> Authority(ReadOnlySpan<byte> head) => head[_authority];

    /// <summary>The host without its port; empty where there is none.</summary>
    public ReadOnlySpan<byte> Host(ReadOnlySpan<byte> head) => head[_host];

    /// <summary>The id that the client has given the request; empty where there is none that can be kept.</summary>
    public ReadOnlySpan<byte> RequestId(ReadOnlySpan<byte> head) => head[_requestId];

    /// <summary>Reads a head that is whole.</summary>
    /// <param name="head">From the method to the empty line; without empty lines before.</param>
    public HeadFault Read(ReadOnlySpan<byte> head)
    {
        Reset();
        var lineEnd = head.IndexOf((byte)'\n');
        if (lineEnd < 1 || head[lineEnd - 1] != '\r')
        {
            return HeadFault.LineEnd;
        }

        var fault = ReadRequestLine(head[..(lineEnd - 1)]);
        if (fault == HeadFault.None)
        {
            fault = Fields.Read(head, lineEnd + 1);
        }

        if (fault == HeadFault.None)
        {
            fault = ReadFields(head);
        }

        return fault != HeadFault.None ? fault : Finish(head);
    }

    private void Reset()
    {
        _method = _target = _authority = _host = _requestId = default;
        Framing = BodyFraming.None;
        BodyLength = 0;
        _closes = IsHttp11 = KeepsAlive = WantsUpgrade = ExpectsContinue = IsIdempotent = IsHead = false;
    }

    private HeadFault ReadRequestLine(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first < 1 || last <= first + 1 || !HeadFields.IsToken(line[..first]))
        {
            return HeadFault.StartLine;
        }

        var version = line[(last + 1)..];
        if (version.Length != VersionLength || !version.StartsWith("HTTP/"u8))
        {
            return HeadFault.StartLine;
        }

        IsHttp11 = version[5..].SequenceEqual("1.1"u8);
        if (!IsHttp11 && !version[5..].SequenceEqual("1.0"u8))
        {
            return HeadFault.Version;
        }

        KeepsAlive = IsHttp11;
        _method = ..first;
        return ReadMethod(line[..first]) ?? ReadTarget(line, first + 1, last);
    }

    private HeadFault? ReadMethod(ReadOnlySpan<byte> method)
    {
        IsHead = method.SequenceEqual("HEAD"u8);
        IsIdempotent = IsHead || method.SequenceEqual("GET"u8) || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("OPTIONS"u8);
        return method.SequenceEqual("CONNECT"u8) || method.SequenceEqual("TRACE"u8) ? HeadFault.Method : null;
    }

    private HeadFault ReadTarget(ReadOnlySpan<byte> line, int start, int end)
    {
        // http://host/path, as to a forward proxy: what it says of the host is right, and Host is not looked at (RFC 9112 §3.2.2).
        var target = line[start..end];
        if (target[0] != '/')
        {
            var scheme = target.Length > 8 && Ascii.EqualsIgnoreCase(target[..7], "http://"u8) ? 7
                : target.Length > 8 && Ascii.EqualsIgnoreCase(target[..8], "https://"u8) ? 8 : 0;
            var length = scheme == 0 ? -1 : target[scheme..].IndexOf((byte)'/');
            if (length < 1)
            {
                return HeadFault.Target;
            }

            _authority = (start + scheme)..(start + scheme + length);
            start += scheme + length;
        }

        _target = start..end;
        return RequestPath.IsSound(line[start..end]) ? HeadFault.None : HeadFault.Target;
    }

    private HeadFault ReadFields(ReadOnlySpan<byte> head)
    {
        var hosts = 0;
        foreach (ref readonly var field in Fields.All)
        {
            var fault = field.Kind switch
            {
                FieldKind.Host => ReadHost(field, ++hosts),
                FieldKind.ContentLength => ReadContentLength(field.Value(head)),
                FieldKind.TransferEncoding => ReadTransferEncoding(field.Value(head)),
                FieldKind.Connection => ReadConnection(head, field.Value(head)),
                FieldKind.Expect => ReadExpect(field.Value(head)),
                FieldKind.RequestId => ReadRequestId(head, field),
                _ => HeadFault.None,
            };
            if (fault != HeadFault.None)
            {
                return fault;
            }
        }

        return hosts == 0 && IsHttp11 ? HeadFault.Host : HeadFault.None;
    }

    private HeadFault Finish(ReadOnlySpan<byte> head)
    {
        if (!HostName.TrySplit(head[_authority], out var length))
        {
            return HeadFault.Host;
        }

        var start = _authority.Start.Value;
        _host = start..(start + length);
        if (WantsUpgrade)
        {
            var (named, isHttp) = (false, false);
            foreach (ref readonly var field in Fields.All)
            {
                named |= field.Kind == FieldKind.Upgrade && field.ValueLength > 0;
                isHttp |= field.Kind == FieldKind.Upgrade && IsHttp(field.Value(head));
            }

            // A body before the other protocol's bytes would be read as those by somebody.
            WantsUpgrade = named && !isHttp && IsHttp11 && (Framing == BodyFraming.None || (Framing == BodyFraming.Length && BodyLength == 0));
        }

        return HeadFault.None;
    }

    /// <summary>Whether it is HTTP again that is asked for: within a tunnel (h2c) requests would pass by all rules. Upgrades to TLS and HTTP need not be
    /// honoured (RFC 9110 §7.8).</summary>
    private static bool IsHttp(ReadOnlySpan<byte> upgrade)
    {
        foreach (var range in upgrade.Split((byte)','))
        {
            var name = upgrade[range].Trim(" \t"u8);
            if ((name.Length >= 2 && Ascii.EqualsIgnoreCase(name[..2], "h2"u8)) || (name.Length >= 3 && Ascii.EqualsIgnoreCase(name[..3], "tls"u8))
                || (name.Length >= 4 && Ascii.EqualsIgnoreCase(name[..4], "http"u8)))
            {
                return true;
            }
        }

        return false;
    }

    private HeadFault ReadHost(in Field field, int count)
    {
        if (count > 1)
        {
            return HeadFault.Host;
        }

        if (_authority.Equals(default))
        {
            _authority = field.ValueStart..(field.ValueStart + field.ValueLength);
        }

        return HeadFault.None;
    }

    private HeadFault ReadContentLength(ReadOnlySpan<byte> value)
    {
        if (Framing == BodyFraming.Chunked)
        {
            return HeadFault.TransferEncoding;
        }

        if (Framing == BodyFraming.Length || !ContentLength.TryParse(value, out var length))
        {
            return HeadFault.ContentLength;
        }

        Framing = BodyFraming.Length;
        BodyLength = length;
        return HeadFault.None;
    }

    private HeadFault ReadTransferEncoding(ReadOnlySpan<byte> value)
    {
        if (Framing != BodyFraming.None || !IsHttp11)
        {
            return HeadFault.TransferEncoding;
        }

        Framing = BodyFraming.Chunked;
        return Ascii.EqualsIgnoreCase(value, "chunked"u8) ? HeadFault.None : HeadFault.UnknownEncoding;
    }

    private HeadFault ReadConnection(ReadOnlySpan<byte> head, ReadOnlySpan<byte> value)
    {
        var options = ConnectionOptions.Read(value);
        _closes |= options.Closes;
        KeepsAlive = !_closes && (KeepsAlive || options.KeepsAlive);
        WantsUpgrade |= options.Upgrades;
        if (options.NamesFields)
        {
            Fields.MarkHops(head, value);
        }

        return HeadFault.None;
    }

    private HeadFault ReadExpect(ReadOnlySpan<byte> value)
    {
        ExpectsContinue = IsHttp11;
        return Ascii.EqualsIgnoreCase(value, "100-continue"u8) ? HeadFault.None : HeadFault.Expectation;
    }

    private HeadFault ReadRequestId(ReadOnlySpan<byte> head, in Field field)
    {
        // One that could be anything would get into logs.
        if (field.ValueLength is > 0 and <= 64 && HeadFields.IsToken(field.Value(head)))
        {
            _requestId = field.ValueStart..(field.ValueStart + field.ValueLength);
        }

        return HeadFault.None;
    }
}
