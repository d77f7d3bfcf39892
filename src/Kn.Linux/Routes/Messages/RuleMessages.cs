using System.Buffers.Binary;
using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Rule messages to bytes and back.</summary>
/// <remarks>struct fib_rule_hdr, attributes FRA_*, uapi/linux/fib_rules.h:
/// <code>family u8 | destination length u8 | source length u8 | tos u8 | table u8 | reserved u8 u8 | action u8 | flags u32 | attributes</code></remarks>
internal static class RuleMessages
{
    internal const int HeaderBytes = 12;

    private const ushort FRA_DST = 1;
    private const ushort FRA_SRC = 2;
    private const ushort FRA_IIFNAME = 3;
    private const ushort FRA_PRIORITY = 6;
    private const ushort FRA_FWMARK = 10;
    private const ushort FRA_SUPPRESS_PREFIXLEN = 14;
    private const ushort FRA_TABLE = 15;
    private const ushort FRA_FWMASK = 16;
    private const ushort FRA_OIFNAME = 17;
    private const ushort FRA_PROTOCOL = 21;
    private const uint FIB_RULE_INVERT = 2;

    internal static void WriteEnsure(ref NetlinkWriter writer, Rule rule) =>
        Write(ref writer, RTM_NEWRULE, NetlinkFlags.Create | NetlinkFlags.Exclusive, rule);

    internal static void WriteRemove(ref NetlinkWriter writer, Rule rule) => Write(ref writer, RTM_DELRULE, NetlinkFlags.None, rule);

    internal static void WriteDump(ref NetlinkWriter writer, IpFamily? family)
    {
        var message = writer.BeginMessage(RTM_GETRULE, NetlinkFlags.Request | NetlinkFlags.Dump);
        writer.Append(HeaderBytes)[0] = AddressFamily.Of(family);
        writer.EndMessage(message);
    }

    internal static void Read(in NetlinkMessage message, List<Rule> results)
    {
        var header = message.FixedHeader(HeaderBytes);
        if (message.Type is not (RTM_NEWRULE or RTM_DELRULE) || AddressFamily.ToIpFamily(header[0]) is not { } family)
        {
            return;
        }

        var rule = new Rule
        {
            Family = family,
            Priority = 0,
            Action = (RuleAction)header[7],
            Table = (RouteTable)header[4],
            Inverted = (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) & FIB_RULE_INVERT) != 0,
            Protocol = 0,
        };
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            rule = With(rule, attributes, destinationLength: header[1], sourceLength: header[2]);
        }

        results.Add(rule);
    }

    private static Rule With(Rule rule, in AttributeReader attribute, byte destinationLength, byte sourceLength) => attribute.Type switch
    {
        FRA_DST => rule with { Destination = RtnetlinkPrefix.Of(attribute.ReadAddress(), destinationLength) },
        FRA_SRC => rule with { Source = RtnetlinkPrefix.Of(attribute.ReadAddress(), sourceLength) },
        FRA_IIFNAME => rule with { InLink = attribute.ReadString() },
        FRA_OIFNAME => rule with { OutLink = attribute.ReadString() },
        FRA_PRIORITY => rule with { Priority = attribute.ReadUInt32() },
        FRA_FWMARK => rule with { Mark = attribute.ReadUInt32() },
        FRA_FWMASK => rule with { MarkMask = attribute.ReadUInt32() },
        FRA_TABLE => rule with { Table = (RouteTable)attribute.ReadUInt32() },
        FRA_SUPPRESS_PREFIXLEN => rule with { SuppressPrefixLength = attribute.ReadUInt32() is var bits and not uint.MaxValue ? bits : null },
        FRA_PROTOCOL => rule with { Protocol = attribute.ReadUInt8() },
        _ => rule,
    };

    private static void Write(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, Rule rule)
    {
        var message = writer.BeginMessage(type, NetlinkFlags.Request | flags);
        var header = writer.Append(HeaderBytes);
        header[0] = AddressFamily.Of(rule.Family);
        header[1] = rule.Destination?.Length ?? 0;
        header[2] = rule.Source?.Length ?? 0;
        header[7] = (byte)rule.Action;
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], rule.Inverted ? FIB_RULE_INVERT : 0);
        writer.PutUInt32(FRA_PRIORITY, rule.Priority);
        writer.PutUInt8(FRA_PROTOCOL, rule.Protocol);
        if (rule.Action == RuleAction.Lookup)
        {
            writer.PutUInt32(FRA_TABLE, (uint)rule.Table);
        }

        WriteSelectors(ref writer, rule);
        writer.EndMessage(message);
    }

    private static void WriteSelectors(ref NetlinkWriter writer, Rule rule)
    {
        if (rule.Source is { Length: > 0 } source)
        {
            writer.PutAddress(FRA_SRC, source.Address);
        }

        if (rule.Destination is { Length: > 0 } destination)
        {
            writer.PutAddress(FRA_DST, destination.Address);
        }

        if (rule.Mark is { } mark)
        {
            writer.PutUInt32(FRA_FWMARK, mark);
            writer.PutUInt32(FRA_FWMASK, rule.MarkMask);
        }

        if (rule.InLink is not null)
        {
            writer.PutString(FRA_IIFNAME, rule.InLink);
        }

        if (rule.OutLink is not null)
        {
            writer.PutString(FRA_OIFNAME, rule.OutLink);
        }

        if (rule.SuppressPrefixLength is { } bits)
        {
            writer.PutUInt32(FRA_SUPPRESS_PREFIXLEN, bits);
        }
    }
}
