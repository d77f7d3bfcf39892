using System.Buffers;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Writes the messages that are no UPDATE.</summary>
internal static class MessageWriter
{
    private const byte CapabilitiesParameter = 2;

    /// <summary>RFC 4271 §4.4: the header alone.</summary>
    internal static void Keepalive(IBufferWriter<byte> output) => Write(output, BgpMessageType.Keepalive, []);

    /// <summary>RFC 4271 §4.5.</summary>
    internal static void Notification(IBufferWriter<byte> output, BgpError error)
    {
        // What does not fit of a detail helps nobody: a session without extended messages takes no more.
        var detail = error.Detail.AsSpan();
        detail = detail[..Math.Min(detail.Length, MessageHeader.MaxLength - MessageHeader.Size - 2)];
        Write(output, BgpMessageType.Notification, [(byte)error.Code, error.Subcode, .. detail]);
    }

    /// <summary>RFC 2918 §3, and RFC 7313 §3.2 for what is in the place that was reserved.</summary>
    internal static void RouteRefresh(IBufferWriter<byte> output, BgpFamily family, RouteRefreshKind kind = RouteRefreshKind.Request) =>
        Write(output, BgpMessageType.RouteRefresh, [(byte)(family.Afi >> 8), (byte)family.Afi, (byte)kind, family.Safi]);

    /// <summary>RFC 4724 §2: nothing more to come of this family for now.</summary>
    internal static void EndOfRib(IBufferWriter<byte> output, IpFamily family) =>
        Write(output, BgpMessageType.Update, family == IpFamily.V4 ? [0, 0, 0, 0] : [0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]);

    /// <summary>RFC 4271 §4.2, each capability in one parameter.</summary>
    internal static void Open(IBufferWriter<byte> output, OpenMessage open)
    {
        Span<byte> body = stackalloc byte[MessageHeader.MaxLength - MessageHeader.Size];
        var writer = new WireWriter(body);
        writer.Byte(4);
        writer.UInt16(open.Asn > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)open.Asn);
        writer.UInt16(open.HoldSeconds);
        writer.UInt32(open.RouterId);
        var parameters = writer.BeginByte();
        writer.Byte(CapabilitiesParameter);
        var capabilities = writer.BeginByte();
        Write(ref writer, open.Capabilities);
        writer.EndByte(capabilities);
        writer.EndByte(parameters);
        Write(output, BgpMessageType.Open, body[..writer.Length]);
    }

    private static void Write(ref WireWriter writer, Capabilities capabilities)
    {
        foreach (var family in capabilities.Families)
        {
            Begin(ref writer, CapabilityCode.Multiprotocol, 4);
            writer.UInt16(family.Afi);
            writer.UInt16(family.Safi);
        }

        WriteFlag(ref writer, CapabilityCode.RouteRefresh, capabilities.RouteRefresh);
        if (!capabilities.ExtendedNextHop.IsEmpty)
        {
            Begin(ref writer, CapabilityCode.ExtendedNextHop, 6 * capabilities.ExtendedNextHop.Count);
            foreach (var family in capabilities.ExtendedNextHop)
            {
                writer.UInt16(family.Afi);
                writer.UInt16(family.Safi);
                writer.UInt16(BgpFamily.V6Unicast.Afi);
            }
        }

        WriteFlag(ref writer, CapabilityCode.ExtendedMessages, capabilities.ExtendedMessages);
        WriteGracefulRestart(ref writer, capabilities.GracefulRestart);
        if (capabilities.FourOctetAs is { } asn)
        {
            Begin(ref writer, CapabilityCode.FourOctetAs, 4);
            writer.UInt32(asn);
        }

        WriteFlag(ref writer, CapabilityCode.EnhancedRouteRefresh, capabilities.EnhancedRouteRefresh);
    }

    private static void WriteGracefulRestart(ref WireWriter writer, GracefulRestartCapability? restart)
    {
        if (restart is null)
        {
            return;
        }

        Begin(ref writer, CapabilityCode.GracefulRestart, 2 + (4 * restart.Families.Count));
        writer.UInt16((ushort)((restart.IsRestarting ? 0x8000 : 0) | (restart.ForNotifications ? 0x4000 : 0) | (restart.RestartSeconds & 0xFFF)));
        foreach (var family in restart.Families)
        {
            writer.UInt16(family.Family.Afi);
            writer.Byte(family.Family.Safi);
            writer.Byte(family.IsForwardingPreserved ? (byte)0x80 : (byte)0);
        }
    }

    private static void WriteFlag(ref WireWriter writer, CapabilityCode code, bool isThere)
    {
        if (isThere)
        {
            Begin(ref writer, code, 0);
        }
    }

    private static void Begin(ref WireWriter writer, CapabilityCode code, int length)
    {
        writer.Byte((byte)code);
        writer.Byte((byte)length);
    }

    private static void Write(IBufferWriter<byte> output, BgpMessageType type, scoped ReadOnlySpan<byte> body)
    {
        var length = MessageHeader.Size + body.Length;
        var message = output.GetSpan(length)[..length];
        MessageHeader.Write(message, type);
        body.CopyTo(message[MessageHeader.Size..]);
        output.Advance(length);
    }
}
