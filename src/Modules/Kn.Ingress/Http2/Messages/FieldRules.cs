using Kn.Ingress.Http;

namespace Kn.Ingress.Http2.Messages;

/// <summary>What a field must be in HTTP/2 (RFC 9113 §8.2). Whoever breaks it sends no message, but something that the next hop could read as another.</summary>
internal static class FieldRules
{
    /// <summary>Whether a name is a token without capitals, and a value has no control characters and no space around it.</summary>
    public static bool IsSound(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        HeadFields.IsToken(name) && !name.ContainsAnyInRange((byte)'A', (byte)'Z') && IsSoundValue(value);

    /// <summary>Whether a value has no control characters and no space around it.</summary>
    public static bool IsSoundValue(ReadOnlySpan<byte> value) =>
        !HeadFields.HasControls(value) && (value.IsEmpty || (value[0] is not ((byte)' ' or (byte)'\t') && value[^1] is not ((byte)' ' or (byte)'\t')));

    /// <summary>Whether a field is of a connection of HTTP/1.1, which there is none of (RFC 9113 §8.2.2).</summary>
    public static bool IsOfConnection(FieldKind kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => kind switch
    {
        FieldKind.Connection or FieldKind.TransferEncoding or FieldKind.Upgrade => true,
        FieldKind.Hop => !name.SequenceEqual("te"u8) || !value.SequenceEqual("trailers"u8),
        _ => false,
    };
}
