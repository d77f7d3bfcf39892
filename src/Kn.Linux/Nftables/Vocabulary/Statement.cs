using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>What a rule may do.</summary>
public static class Statement
{
    private const byte IcmpxPortUnreachable = 1;

    /// <summary>Sets the packet's priority: <c>meta priority set none</c>.</summary>
    public static RuleTerm SetPriority(uint value) => new SetMetaTerm(MetaKey.Priority, NftValue.Of(value));

    /// <summary>Sets the packet's priority to what a map says; the rule ends where the map has no such key:
    /// <c>meta priority set ip daddr . meta l4proto . th dport map @services4</c>.</summary>
    public static RuleTerm SetPriority(NftMap map, params ReadOnlySpan<Field> key) => new SetMetaFromMapTerm(MetaKey.Priority, map, ValueList.Create(key));

    /// <summary>Sets the packet's mark.</summary>
    public static RuleTerm SetMark(uint value) => new SetMetaTerm(MetaKey.Mark, NftValue.Of(value));

    /// <summary>Sets the packet's mark to what a map says; the rule ends where the map has no such key.</summary>
    public static RuleTerm SetMark(NftMap map, params ReadOnlySpan<Field> key) => new SetMetaFromMapTerm(MetaKey.Mark, map, ValueList.Create(key));

    /// <summary>Sets bits of the packet's mark: <c>meta mark set meta mark &amp; ~mask | value</c>.</summary>
    public static RuleTerm SetMark(uint mask, uint value) => new SetMaskedTerm(OfConnection: false, mask, value);

    /// <summary>Sets bits of the connection's mark: <c>ct mark set ct mark &amp; 0x0000ffff | 0x00010000</c> for mask 0xffff0000.</summary>
    public static RuleTerm SetCtMark(uint mask, uint value) => new SetMaskedTerm(OfConnection: true, mask, value);

    /// <summary>Sets the connection's mark.</summary>
    public static RuleTerm SetCtMark(uint value) => new SetCtMarkTerm(NftValue.Of(value));

    /// <summary>The verdict that a map has for these fields; on to the next rule where it has none: <c>meta priority vmap @dispatch</c>.</summary>
    public static RuleTerm VerdictMap(NftMap map, params ReadOnlySpan<Field> key) => new VerdictMapTerm(map, ValueList.Create(key));

    /// <summary>Translates the destination to the address (and port) that a map has for these fields; on to the next rule where it has none:
    /// <c>dnat ip to meta priority . numgen random mod 3 map @endpoints4</c>.</summary>
    /// <param name="map">Its data is an address, or an address and a port.</param>
    /// <param name="key">The fields of its key.</param>
    /// <remarks>A map with ports wants a <see cref="Match.L4Protocol"/> before it in the rule for the listing's sake.</remarks>
    public static RuleTerm Dnat(NftMap map, params ReadOnlySpan<Field> key) => new NatFromMapTerm(NatKind.Destination, map, ValueList.Create(key));

    /// <summary>Translates the destination.</summary>
    public static RuleTerm Dnat(IpAddress address, ushort? port = null) => new NatTerm(NatKind.Destination, address, port);

    /// <summary>Translates the source.</summary>
    public static RuleTerm Snat(IpAddress address, bool fullyRandom = false) =>
        new NatTerm(NatKind.Source, address, null) { Flags = fullyRandom ? NatFlags.FullyRandom : NatFlags.None };

    /// <summary>Translates the source to the address of the interface that the packet leaves by.</summary>
    /// <param name="fullyRandom">A random port for every connection, so that two of them hardly ever race for the same one.</param>
    public static RuleTerm Masquerade(bool fullyRandom = false) =>
        new Expressions.Masquerade { Flags = fullyRandom ? NatFlags.FullyRandom : NatFlags.None };

    /// <summary>Drops and answers "port unreachable", in the packet's own family.</summary>
    public static RuleTerm Reject() => new Reject(RejectKind.Icmpx, IcmpxPortUnreachable);

    /// <summary>Drops and answers with a TCP reset; wants a match of TCP before it.</summary>
    public static RuleTerm RejectTcp() => new Reject(RejectKind.TcpReset, 0);

    /// <summary>Adds an element, or starts its timeout again: <c>update @affinity4 { ip saddr . … timeout 3h : meta priority }</c>.
    /// The rule ends where the set is full.</summary>
    /// <param name="set">A set with <see cref="NftSetFlags.Dynamic"/>.</param>
    /// <param name="key">The fields of its key.</param>
    /// <param name="timeout">How long from now on; null for the set's own.</param>
    /// <param name="data">The fields of a map's data; leave out for a set.</param>
    /// <param name="expressions">Counters and limits that a new element gets.</param>
    public static RuleTerm Update(NftSet set, ValueList<Field> key, TimeSpan? timeout = null, ValueList<Field> data = default, ValueList<NftExpression> expressions = default) =>
        new DynamicSetTerm(DynamicSetOperation.Update, set, key, timeout, data, expressions);

    /// <summary>Adds an element when it is absent; parameters as of <see cref="Update"/>.</summary>
    public static RuleTerm Add(NftSet set, ValueList<Field> key, TimeSpan? timeout = null, ValueList<Field> data = default, ValueList<NftExpression> expressions = default) =>
        new DynamicSetTerm(DynamicSetOperation.Add, set, key, timeout, data, expressions);

    /// <summary>Deletes an element. A map needs its data fields, too; the kernel ignores their values.</summary>
    public static RuleTerm Delete(NftSet set, ValueList<Field> key, ValueList<Field> data = default) =>
        new DynamicSetTerm(DynamicSetOperation.Delete, set, key, null, data, default);

    /// <summary>Counts packets and bytes.</summary>
    public static NftExpression Counter() => new Counter();

    /// <summary>Goes on while there are at most so many packets a second.</summary>
    public static NftExpression LimitRate(uint packetsPerSecond, uint burst = 5) => new Limit(packetsPerSecond, UnitSeconds: 1, burst);

    /// <summary>Logs to an NFLOG group: <c>log prefix "kn-policy out" group 75 snaplen 128</c>.</summary>
    public static NftExpression LogToGroup(ushort group, string prefix = "", uint snapshotBytes = 0) =>
        new LogPacket { Group = group, Prefix = prefix, SnapshotBytes = snapshotBytes };

    /// <summary>Keeps conntrack away from the packet; in raw chains only.</summary>
    public static NftExpression NoTrack() => new NoTrack();
}
