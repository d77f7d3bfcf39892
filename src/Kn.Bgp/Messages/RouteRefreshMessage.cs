using System.Buffers.Binary;

namespace Kn.Bgp.Messages;

/// <summary>Asks for everything of a family again.</summary>
/// <param name="Family">Which.</param>
/// <param name="Kind">Request, or the marks of an answer.</param>
/// <remarks>RFC 2918 §3, RFC 7313 §3.2.</remarks>
internal readonly record struct RouteRefreshMessage(BgpFamily Family, RouteRefreshKind Kind)
{
    internal const int BodyBytes = 4;

    /// <summary>Reads what is behind the header; a longer one carries outbound filters (RFC 5291), which are not spoken here.</summary>
    internal static RouteRefreshMessage? Read(ReadOnlySpan<byte> body) =>
        body.Length == BodyBytes ? new RouteRefreshMessage(new BgpFamily(BinaryPrimitives.ReadUInt16BigEndian(body), body[3]), (RouteRefreshKind)body[2]) : null;
}

/// <summary>RFC 7313 §3.2.</summary>
internal enum RouteRefreshKind : byte
{
    Request = 0,
    Begin = 1,
    End = 2,
}
