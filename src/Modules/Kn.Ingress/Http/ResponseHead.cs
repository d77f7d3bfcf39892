using System.Text;

namespace Kn.Ingress.Http;

/// <summary>The head of an answer, as places in its bytes. Made once and used for one head after another.</summary>
/// <remarks>RFC 9112 §4: <c>HTTP-version SP status-code SP [ reason-phrase ] CRLF</c>, then fields.</remarks>
internal sealed class ResponseHead
{
    /// <summary>"HTTP/1.1 200" at least.</summary>
    private const int ShortestLine = 12;

    private bool _closes;
    private bool _isHttp11;
    private int _lineLength;

    /// <summary>The fields.</summary>
    public HeadFields Fields { get; } = new();

    /// <summary>The status code.</summary>
    public int Status { get; private set; }

    /// <summary>How the body ends.</summary>
    public BodyFraming Framing { get; private set; }

    /// <summary>Its length, for <see cref="BodyFraming.Length"/>.</summary>
    public long BodyLength { get; private set; }

    /// <summary>Whether the backend goes on with the connection.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>An answer before the answer (RFC 9110 §15.2); 101 is none.</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    /// <summary>The status code with what follows it, as it came.</summary>
    public ReadOnlySpan<byte> StatusText(ReadOnlySpan<byte> head) => head[9.._lineLength];

    /// <summary>Reads a head that is whole.</summary>
    /// <param name="head">From the version to the empty line.</param>
    /// <param name="isToHead">Whether it answers a HEAD.</param>
    public HeadFault Read(ReadOnlySpan<byte> head, bool isToHead)
    {
        _closes = _isHttp11 = false;
        Framing = BodyFraming.None;
        BodyLength = 0;
        var lineEnd = head.IndexOf((byte)'\n');
        if (lineEnd < 1 || head[lineEnd - 1] != '\r')
        {
            return HeadFault.LineEnd;
        }

        var fault = ReadStatusLine(head[..(lineEnd - 1)]);
        if (fault == HeadFault.None)
        {
            fault = Fields.Read(head, lineEnd + 1);
        }

        return fault != HeadFault.None ? fault : ReadFields(head, isToHead);
    }

    private HeadFault ReadStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < ShortestLine || !line.StartsWith("HTTP/1."u8) || line[8] != ' ' || (line.Length > ShortestLine && line[ShortestLine] != ' '))
        {
            return HeadFault.StartLine;
        }

        if (line[7] is not ((byte)'0' or (byte)'1'))
        {
            return HeadFault.Version;
        }

        var code = line[9..ShortestLine];
        if (code.ContainsAnyExceptInRange((byte)'0', (byte)'9') || code[0] is (byte)'0' || HeadFields.HasControls(line))
        {
            return HeadFault.StartLine;
        }

        _isHttp11 = line[7] == '1';
        _lineLength = line.Length;
        Status = ((code[0] - '0') * 100) + ((code[1] - '0') * 10) + code[2] - '0';
        KeepsAlive = _isHttp11;
        return HeadFault.None;
    }

    private HeadFault ReadFields(ReadOnlySpan<byte> head, bool isToHead)
    {
        foreach (ref readonly var field in Fields.All)
        {
            var fault = field.Kind switch
            {
                FieldKind.ContentLength => ReadContentLength(field.Value(head)),
                FieldKind.TransferEncoding => ReadTransferEncoding(field.Value(head)),
                FieldKind.Connection => ReadConnection(head, field.Value(head)),
                _ => HeadFault.None,
            };
            if (fault != HeadFault.None)
            {
                return fault;
            }
        }

        if (isToHead || Status is < 200 or 204 or 304)
        {
            // What the fields say is about a body that is not sent (RFC 9112 §6.3).
            Framing = BodyFraming.None;
        }
        else if (Framing == BodyFraming.None)
        {
            Framing = BodyFraming.UntilClose;
            KeepsAlive = false;
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
        if (Framing != BodyFraming.None || !_isHttp11)
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
        if (options.NamesFields)
        {
            Fields.MarkHops(head, value);
        }

        return HeadFault.None;
    }
}
