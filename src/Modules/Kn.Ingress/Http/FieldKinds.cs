namespace Kn.Ingress.Http;

/// <summary>Tells fields by their names.</summary>
internal static class FieldKinds
{
    /// <summary>The kind of a name, in any case.</summary>
    public static FieldKind Of(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when Is(name, "te"u8) => FieldKind.Hop,
        4 when Is(name, "host"u8) => FieldKind.Host,
        5 when Is(name, "proxy"u8) => FieldKind.Dropped,
        6 when Is(name, "expect"u8) => FieldKind.Expect,
        7 when Is(name, "upgrade"u8) => FieldKind.Upgrade,
        9 when Is(name, "forwarded"u8) => FieldKind.Forwarded,
        9 when Is(name, "x-real-ip"u8) => FieldKind.RealIp,
        10 when Is(name, "connection"u8) => FieldKind.Connection,
        10 when Is(name, "keep-alive"u8) => FieldKind.Hop,
        12 when Is(name, "x-request-id"u8) => FieldKind.RequestId,
        14 when Is(name, "content-length"u8) => FieldKind.ContentLength,
        15 when Is(name, "x-forwarded-for"u8) => FieldKind.ForwardedFor,
        16 => OfSixteen(name),
        17 => OfSeventeen(name),
        25 when Is(name, "strict-transport-security"u8) => FieldKind.StrictTransport,
        _ => Rest(name),
    };

    /// <summary>Whether a name is this one, which is in lower case.</summary>
    public static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower)
    {
        if (name.Length != lower.Length)
        {
            return false;
        }

        for (var index = 0; index < name.Length; index++)
        {
            // Names are letters, digits and '-': bit 5 changes nothing in the latter two.
            if ((name[index] | 0x20) != lower[index])
            {
                return false;
            }
        }

        return true;
    }

    private static FieldKind OfSixteen(ReadOnlySpan<byte> name) =>
        Is(name, "proxy-connection"u8) ? FieldKind.Hop
        : Is(name, "x-forwarded-host"u8) ? FieldKind.ForwardedHost
        : Is(name, "x-forwarded-port"u8) ? FieldKind.ForwardedPort
        : Rest(name);

    private static FieldKind OfSeventeen(ReadOnlySpan<byte> name) =>
        Is(name, "transfer-encoding"u8) ? FieldKind.TransferEncoding
        : Is(name, "x-forwarded-proto"u8) ? FieldKind.ForwardedProto
        : Rest(name);

    private static FieldKind Rest(ReadOnlySpan<byte> name) => name.Contains((byte)'_') ? FieldKind.Dropped : FieldKind.Other;
}
