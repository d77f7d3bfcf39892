using System.Buffers;
using Kn.Bgp.Attributes;
using Kn.Bgp.Ribs;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Writes UPDATEs, as few as the prefixes need.</summary>
/// <remarks>IPv4 prefixes with an IPv4 next hop go into the message's own fields, which every speaker reads; all others into
/// MP_REACH_NLRI and MP_UNREACH_NLRI. MP_REACH_NLRI is the first attribute (RFC 7606 §5.1).</remarks>
/// <param name="maxLength">The longest message that was agreed on.</param>
/// <param name="fourOctets">Numbers of four bytes were agreed on.</param>
internal sealed class UpdateWriter(int maxLength, bool fourOctets)
{
    /// <summary>Announces prefixes that share their attributes.</summary>
    /// <returns>False when the attributes leave no room for a prefix: nothing was written (RFC 4271 §9.2).</returns>
    internal bool TryAnnounce(IBufferWriter<byte> output, IpFamily family, PathAttributes attributes, ReadOnlySpan<PrefixKey> prefixes)
    {
        while (!prefixes.IsEmpty)
        {
            var message = output.GetSpan(maxLength)[..maxLength];
            var writer = new WireWriter(message[MessageHeader.Size..]);
            var written = family == IpFamily.V4 && attributes.NextHop.Family == IpFamily.V4
                ? WritePlain(ref writer, attributes, prefixes)
                : WriteMultiprotocol(ref writer, family, attributes, prefixes);
            if (written == 0)
            {
                return false;
            }

            Send(output, message, writer.Length);
            prefixes = prefixes[written..];
        }

        return true;
    }

    /// <summary>Withdraws prefixes.</summary>
    internal void Withdraw(IBufferWriter<byte> output, IpFamily family, ReadOnlySpan<PrefixKey> prefixes)
    {
        while (!prefixes.IsEmpty)
        {
            var message = output.GetSpan(maxLength)[..maxLength];
            var writer = new WireWriter(message[MessageHeader.Size..]);
            int written;
            if (family == IpFamily.V4)
            {
                var withdrawn = writer.BeginUInt16();
                written = WritePrefixes(ref writer, prefixes, reserve: 2);
                writer.EndUInt16(withdrawn);
                writer.UInt16(0);
            }
            else
            {
                writer.UInt16(0);
                var attributes = writer.BeginUInt16();
                var token = AttributeWriter.Begin(ref writer, AttributeFlags.OptionalNonTransitive, AttributeType.MpUnreach, writer.Room);
                writer.UInt16(BgpFamily.Unicast(family).Afi);
                writer.Byte(BgpFamily.Unicast(family).Safi);
                written = WritePrefixes(ref writer, prefixes, reserve: 0);
                AttributeWriter.End(ref writer, token);
                writer.EndUInt16(attributes);
            }

            Send(output, message, writer.Length);
            prefixes = prefixes[written..];
        }
    }

    private int WritePlain(ref WireWriter writer, PathAttributes attributes, ReadOnlySpan<PrefixKey> prefixes)
    {
        writer.UInt16(0);
        var block = writer.BeginUInt16();
        AttributeWriter.Write(ref writer, attributes, fourOctets, withNextHop: true);
        writer.EndUInt16(block);
        return writer.IsFull ? 0 : WritePrefixes(ref writer, prefixes, reserve: 0);
    }

    private int WriteMultiprotocol(ref WireWriter writer, IpFamily family, PathAttributes attributes, ReadOnlySpan<PrefixKey> prefixes)
    {
        // The other attributes are written first, elsewhere: only then is it known how many prefixes fit before them.
        var others = ArrayPool<byte>.Shared.Rent(maxLength);
        try
        {
            var tail = new WireWriter(others.AsSpan(0, maxLength));
            AttributeWriter.Write(ref tail, attributes, fourOctets, withNextHop: false);
            writer.UInt16(0);
            var block = writer.BeginUInt16();
            var token = AttributeWriter.Begin(ref writer, AttributeFlags.OptionalNonTransitive, AttributeType.MpReach, writer.Room);
            writer.UInt16(BgpFamily.Unicast(family).Afi);
            writer.Byte(BgpFamily.Unicast(family).Safi);
            var hop = writer.BeginByte();
            writer.Address(attributes.NextHop);
            if (attributes.LinkLocalNextHop is { IsAny: false, Family: IpFamily.V6 })
            {
                writer.Address(attributes.LinkLocalNextHop);
            }

            writer.EndByte(hop);
            writer.Byte(0);
            var written = tail.IsFull || writer.IsFull ? 0 : WritePrefixes(ref writer, prefixes, reserve: tail.Length);
            AttributeWriter.End(ref writer, token);
            writer.Bytes(others.AsSpan(0, tail.Length));
            writer.EndUInt16(block);
            return writer.IsFull ? 0 : written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(others);
        }
    }

    /// <summary>Writes as many as fit, and returns how many.</summary>
    private static int WritePrefixes(ref WireWriter writer, ReadOnlySpan<PrefixKey> prefixes, int reserve)
    {
        var count = 0;
        foreach (ref readonly var prefix in prefixes)
        {
            var bytes = prefix.WireBytes;
            if (writer.Room - reserve < bytes)
            {
                break;
            }

            prefix.Write(writer.Take(bytes));
            count++;
        }

        return count;
    }

    private static void Send(IBufferWriter<byte> output, Span<byte> message, int bodyLength)
    {
        MessageHeader.Write(message[..(MessageHeader.Size + bodyLength)], BgpMessageType.Update);
        output.Advance(MessageHeader.Size + bodyLength);
    }
}
