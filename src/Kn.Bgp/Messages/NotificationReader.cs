using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Reads a NOTIFICATION.</summary>
internal static class NotificationReader
{
    /// <summary>Reads what is behind the header, which is at least two bytes by the header's check; shorter ones read as an unknown error.</summary>
    /// <remarks>A hard reset (RFC 8538 §3.1) is kept as it came: what is inside is for the reader of the log.</remarks>
    internal static BgpError Read(ReadOnlySpan<byte> body) =>
        body.Length < 2 ? new BgpError(0, 0) : new BgpError((BgpErrorCode)body[0], body[1], ValueList.Create(body[2..]));
}
