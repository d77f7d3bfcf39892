using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>What a rule may ask: the rule goes on where the answer is yes.</summary>
public static class Match
{
    /// <summary>An IPv4 or an IPv6 packet: <c>meta nfproto ipv4</c>.</summary>
    public static RuleTerm NfProto(IpFamily family) => Equal(Field.NfProto, NftValue.Of((byte)(family == IpFamily.V6 ? NftFamily.Ip6 : NftFamily.Ip)));

    /// <summary>The protocol above IP: <c>meta l4proto tcp</c>.</summary>
    public static RuleTerm L4Protocol(IpProtocol protocol) => Equal(Field.L4Protocol, NftValue.Of(protocol));

    /// <summary>The source address, of either family.</summary>
    public static RuleTerm Source(IpAddress address) => Equal(Field.Source(address.Family), NftValue.Of(address));

    /// <summary>The destination address, of either family: <c>ip daddr 10.96.0.10</c>.</summary>
    public static RuleTerm Destination(IpAddress address) => Equal(Field.Destination(address.Family), NftValue.Of(address));

    /// <summary>A source address inside a prefix: <c>ip saddr 10.0.0.0/8</c>; true for all where the prefix is /0.</summary>
    public static RuleTerm Source(IpPrefix prefix, bool inverted = false) => new PrefixTerm(Field.Source(prefix.Family), prefix, inverted);

    /// <summary>A destination address inside a prefix: <c>ip daddr 127.0.0.0/8</c>.</summary>
    public static RuleTerm Destination(IpPrefix prefix, bool inverted = false) => new PrefixTerm(Field.Destination(prefix.Family), prefix, inverted);

    /// <summary>A destination address in a set: <c>ip daddr @cluster-ips4</c>.</summary>
    public static RuleTerm IpDestination(NftSet set, IpFamily family, bool inverted = false) => new SetTerm(set, [Field.Destination(family)], inverted);

    /// <summary>A source address in a set: <c>ip saddr @inside4</c>.</summary>
    public static RuleTerm IpSource(NftSet set, IpFamily family, bool inverted = false) => new SetTerm(set, [Field.Source(family)], inverted);

    /// <summary>The source port: <c>th sport 53</c>.</summary>
    public static RuleTerm SourcePort(ushort port) => Equal(Field.SourcePort, NftValue.OfPort(port));

    /// <summary>The destination port: <c>th dport 53</c>.</summary>
    public static RuleTerm DestinationPort(ushort port) => Equal(Field.DestinationPort, NftValue.OfPort(port));

    /// <summary>The interface that the packet came by, by number: <c>iif 1</c>. Cheaper than by name, but a new link has a new number.</summary>
    public static RuleTerm InputInterface(uint index, bool inverted = false) => Compare(Field.InputInterface, NftValue.Of(index), inverted);

    /// <summary>The interface that the packet leaves by, by number.</summary>
    public static RuleTerm OutputInterface(uint index, bool inverted = false) => Compare(Field.OutputInterface, NftValue.Of(index), inverted);

    /// <summary>The interface that the packet came by, by name: <c>iifname "eth0"</c>.</summary>
    public static RuleTerm InputInterface(string name, bool inverted = false) => Compare(Field.InputInterfaceName, NftValue.OfInterfaceName(name), inverted);

    /// <summary>The interface that the packet leaves by, by name.</summary>
    public static RuleTerm OutputInterface(string name, bool inverted = false) => Compare(Field.OutputInterfaceName, NftValue.OfInterfaceName(name), inverted);

    /// <summary>The group of the interface that the packet came by: <c>iifgroup 75</c>.</summary>
    public static RuleTerm InputGroup(uint group, bool inverted = false) => Compare(Field.InputGroup, NftValue.Of(group), inverted);

    /// <summary>The group of the interface that the packet leaves by.</summary>
    public static RuleTerm OutputGroup(uint group, bool inverted = false) => Compare(Field.OutputGroup, NftValue.Of(group), inverted);

    /// <summary>Any of these states: <c>ct state established,related</c>.</summary>
    public static RuleTerm CtState(ConnectionState any) => AnyBit(Field.CtState, (uint)any);

    /// <summary>Any of these happened to the connection: <c>ct status dnat</c>.</summary>
    public static RuleTerm CtStatus(ConnectionStatus any) => AnyBit(Field.CtStatus, (uint)any);

    /// <summary>None of these happened to the connection: <c>ct status ! dnat</c>.</summary>
    public static RuleTerm CtStatusNot(ConnectionStatus none) => NoBit(Field.CtStatus, (uint)none);

    /// <summary>The direction of the packet in its connection: <c>ct direction reply</c>.</summary>
    public static RuleTerm CtDirection(ConnectionDirection direction) => Equal(Field.CtDirection, NftValue.Of((byte)direction));

    /// <summary>What the routing table says of the source address: <c>fib saddr type local</c>.</summary>
    public static RuleTerm FibSource(AddressKind kind, bool inverted = false) => Compare(Field.FibSourceType, NftValue.Of((uint)kind), inverted);

    /// <summary>What the routing table says of the destination address: <c>fib daddr type local</c>.</summary>
    public static RuleTerm FibDestination(AddressKind kind, bool inverted = false) => Compare(Field.FibDestinationType, NftValue.Of((uint)kind), inverted);

    /// <summary>The packet's mark.</summary>
    public static RuleTerm Mark(uint mark, bool inverted = false) => Compare(Field.Mark, NftValue.Of(mark), inverted);

    /// <summary>Bits of the packet's mark: <c>meta mark &amp; 0x4000 == 0x4000</c>.</summary>
    public static RuleTerm Mark(uint mask, uint value, bool inverted = false) => Masked(Field.Mark, mask, value, inverted);

    /// <summary>A field that has a value.</summary>
    public static RuleTerm Equal(Field field, NftValue value) => new CompareTerm(field, CompareOperator.Equal, value);

    /// <summary>A field that has another value.</summary>
    public static RuleTerm NotEqual(Field field, NftValue value) => new CompareTerm(field, CompareOperator.NotEqual, value);

    /// <summary>A field of 32 bits in host order under a mask: <c>meta priority &amp; ffff:fff8 == none</c>.</summary>
    public static RuleTerm Masked(Field field, uint mask, uint value, bool inverted = false) =>
        new MaskTerm(field, NftValue.Of(mask), Operator(inverted), NftValue.Of(value));

    /// <summary>A field of 32 bits with at least one of these bits: <c>meta priority &amp; 0:2 != none</c>, <c>ct state new</c>.</summary>
    public static RuleTerm AnyBit(Field field, uint bits) => Masked(field, bits, 0, inverted: true);

    /// <summary>A field of 32 bits with none of these bits: <c>ct status ! dnat</c>.</summary>
    public static RuleTerm NoBit(Field field, uint bits) => Masked(field, bits, 0);

    /// <summary>A field in network order inside an inclusive range: <c>th dport 80-90</c>.</summary>
    public static RuleTerm InRange(Field field, NftValue first, NftValue last) => new RangeTerm(field, first, last, Inverted: false);

    /// <summary>A field in network order outside of an inclusive range.</summary>
    public static RuleTerm NotInRange(Field field, NftValue first, NftValue last) => new RangeTerm(field, first, last, Inverted: true);

    /// <summary>Fields that a set holds together: <c>ip saddr . ip daddr @hairpin4</c>.</summary>
    /// <exception cref="ArgumentException">The fields are not those of the set's key.</exception>
    public static RuleTerm InSet(NftSet set, params ReadOnlySpan<Field> fields) => new SetTerm(set, ValueList.Create(fields), Inverted: false);

    /// <summary>Fields that a set does not hold: <c>ip saddr != @inside4</c>.</summary>
    /// <exception cref="ArgumentException">The fields are not those of the set's key.</exception>
    public static RuleTerm NotInSet(NftSet set, params ReadOnlySpan<Field> fields) => new SetTerm(set, ValueList.Create(fields), Inverted: true);

    private static CompareTerm Compare(Field field, NftValue value, bool inverted) => new(field, Operator(inverted), value);

    private static CompareOperator Operator(bool inverted) => inverted ? CompareOperator.NotEqual : CompareOperator.Equal;
}
