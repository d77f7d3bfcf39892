using System.Text;
using Kn.Ingress.Http;
using Kn.Primitives;

namespace Kn.Ingress.Features;

/// <summary>A request as those see it that decide what is done with it.</summary>
internal readonly ref struct RequestView
{
    private readonly RequestHead _request;
    private readonly ReadOnlySpan<byte> _head;

    /// <summary>A view.</summary>
    /// <param name="request">What was read of it.</param>
    /// <param name="head">Its bytes.</param>
    /// <param name="path">Its path, as rules are found by it.</param>
    /// <param name="client">Who asks.</param>
    public RequestView(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> path, ClientIdentity client)
    {
        _request = request;
        _head = head;
        Path = path;
        Client = client;
    }

    /// <summary>The path, as rules are found by it.</summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>Who asks.</summary>
    public ClientIdentity Client { get; }

    /// <summary>The method.</summary>
    public ReadOnlySpan<byte> Method => _request.Method(_head);

    /// <summary>Path and query, as they came.</summary>
    public ReadOnlySpan<byte> Target => _request.Target(_head);

    /// <summary>Host and port, as they came.</summary>
    public ReadOnlySpan<byte> Authority => _request.Authority(_head);

    /// <summary>The host.</summary>
    public ReadOnlySpan<byte> Host => _request.Host(_head);

    /// <summary>How the body ends.</summary>
    public BodyFraming Framing => _request.Framing;

    /// <summary>The body's length, where its framing tells.</summary>
    public long BodyLength => _request.BodyLength;

    /// <summary>What follows the question mark; empty without one.</summary>
    public ReadOnlySpan<byte> Query
    {
        get
        {
            var mark = Target.IndexOf((byte)'?');
            return mark < 0 ? default : Target[(mark + 1)..];
        }
    }

    /// <summary>Whether the client came by TLS, to Kn or to whom Kn trusts.</summary>
    public bool IsTls => Client.IsTrusted && Field("x-forwarded-proto"u8) is { IsEmpty: false } said ? Ascii.EqualsIgnoreCase(said, "https"u8) : Client.IsTls;

    /// <summary>The first field of a name, which is in lower case; empty where there is none.</summary>
    public ReadOnlySpan<byte> Field(ReadOnlySpan<byte> lowerName)
    {
        foreach (ref readonly var field in _request.Fields.All)
        {
            if (field.NameLength == lowerName.Length && FieldKinds.Is(_head.Slice(field.Start, field.NameLength), lowerName))
            {
                return field.Value(_head);
            }
        }

        return default;
    }

    /// <summary>A cookie's value (RFC 6265 §5.4); empty where there is none.</summary>
    public ReadOnlySpan<byte> Cookie(ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var field in _request.Fields.All)
        {
            // HTTP/2 may have one field for each cookie.
            if (field.NameLength == 6 && FieldKinds.Is(_head.Slice(field.Start, 6), "cookie"u8) && Find(field.Value(_head), name, (byte)';') is { IsEmpty: false } value)
            {
                return value;
            }
        }

        return default;
    }

    /// <summary>An argument's value, as it came; empty where there is none.</summary>
    public ReadOnlySpan<byte> Argument(ReadOnlySpan<byte> name) => Find(Query, name, (byte)'&');

    /// <summary>The client's address: behind proxies that are trusted, the last one that these do not vouch for.</summary>
    public IpAddress Address(ValueList<IpPrefix> trusted)
    {
        var address = Parse(Client.Address) ?? IpAddress.Any(IpFamily.V4);
        var list = Client.IsTrusted ? Field("x-forwarded-for"u8) : default;
        while (!list.IsEmpty && IsIn(address, trusted))
        {
            var comma = list.LastIndexOf((byte)',');
            if (Parse(list[(comma + 1)..].Trim(" \t"u8)) is not { } before)
            {
                break;
            }

            address = before;
            list = comma < 0 ? default : list[..comma];
        }

        return address;
    }

    /// <summary>Whether an address is in one of the prefixes.</summary>
    public static bool IsIn(IpAddress address, ValueList<IpPrefix> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (prefix.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IpAddress? Parse(ReadOnlySpan<byte> text)
    {
        Span<char> letters = stackalloc char[64];
        return text.Length is > 0 and <= 64 && Encoding.Latin1.GetChars(text, letters) is var length && IpAddress.TryParse(letters[..length], out var address) ? address : null;
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> list, ReadOnlySpan<byte> name, byte separator)
    {
        while (!list.IsEmpty)
        {
            var end = list.IndexOf(separator);
            var pair = (end < 0 ? list : list[..end]).Trim(" \t"u8);
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name))
            {
                return pair[(name.Length + 1)..];
            }

            list = end < 0 ? default : list[(end + 1)..];
        }

        return default;
    }
}
