using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Something a rule can look at: a packet field, what the kernel knows about the packet or its connection, a generated number.</summary>
/// <remarks>The same object declares a set (<see cref="NftKey.Typeof"/>) and is used in the rules that look it up, so that key and
/// look-up cannot disagree. Address fields of a rule in an <c>inet</c> table want a <see cref="Match.NfProto"/> before them:
/// the kernel does not need it, a listing that can be loaded again does.</remarks>
public abstract record Field(NftDataType Type)
{
    /// <summary>As nft writes it: <c>ip daddr</c>.</summary>
    public abstract string Text { get; }

    /// <summary>nft's number for this kind of expression in a set's user data.</summary>
    internal abstract uint TypeofKind { get; }

    /// <summary>The attributes behind that number.</summary>
    internal abstract void WriteTypeof(ref UserDataWriter writer);

    /// <summary>Appends what loads this field.</summary>
    /// <param name="compiler">The rule.</param>
    /// <param name="destination">Where the value goes.</param>
    /// <param name="scratchWord">The first word that the term does not use.</param>
    internal abstract void Load(RuleCompiler compiler, NftRegister destination, int scratchWord);

    /// <summary>Source address of an IPv4 packet.</summary>
    public static Field IpSource { get; } = new PayloadField(PayloadProtocol.Ip, 11, PayloadHeader.Network, 12, NftDataType.Ipv4Address, "ip saddr");

    /// <summary>Destination address of an IPv4 packet.</summary>
    public static Field IpDestination { get; } = new PayloadField(PayloadProtocol.Ip, 12, PayloadHeader.Network, 16, NftDataType.Ipv4Address, "ip daddr");

    /// <summary>Source address of an IPv6 packet.</summary>
    public static Field Ip6Source { get; } = new PayloadField(PayloadProtocol.Ip6, 8, PayloadHeader.Network, 8, NftDataType.Ipv6Address, "ip6 saddr");

    /// <summary>Destination address of an IPv6 packet.</summary>
    public static Field Ip6Destination { get; } = new PayloadField(PayloadProtocol.Ip6, 9, PayloadHeader.Network, 24, NftDataType.Ipv6Address, "ip6 daddr");

    /// <summary>Source port, whatever the protocol (<c>th sport</c>).</summary>
    public static Field SourcePort { get; } = new PayloadField(PayloadProtocol.Transport, 1, PayloadHeader.Transport, 0, NftDataType.InetService, "th sport");

    /// <summary>Destination port, whatever the protocol (<c>th dport</c>).</summary>
    public static Field DestinationPort { get; } = new PayloadField(PayloadProtocol.Transport, 2, PayloadHeader.Transport, 2, NftDataType.InetService, "th dport");

    /// <summary>Type of an ICMP message.</summary>
    public static Field IcmpType { get; } = new PayloadField(PayloadProtocol.Icmp, 1, PayloadHeader.Transport, 0, NftDataType.IcmpType, "icmp type");

    /// <summary>Type of an ICMPv6 message.</summary>
    public static Field Icmpv6Type { get; } = new PayloadField(PayloadProtocol.Icmpv6, 1, PayloadHeader.Transport, 0, NftDataType.Icmpv6Type, "icmpv6 type");

    /// <summary>Every header field that has a name here.</summary>
    internal static ValueList<Field> Payloads { get; } =
        [IpSource, IpDestination, Ip6Source, Ip6Destination, SourcePort, DestinationPort, IcmpType, Icmpv6Type];

    /// <summary>The protocol above IP, found behind IPv6 extension headers too.</summary>
    public static Field L4Protocol { get; } = new MetaField(MetaKey.L4Protocol);

    /// <summary>IPv4 or IPv6.</summary>
    public static Field NfProto { get; } = new MetaField(MetaKey.NfProto);

    /// <summary>The packet's priority.</summary>
    public static Field Priority { get; } = new MetaField(MetaKey.Priority);

    /// <summary>The packet's mark.</summary>
    public static Field Mark { get; } = new MetaField(MetaKey.Mark);

    /// <summary>Number of the interface that the packet came by.</summary>
    public static Field InputInterface { get; } = new MetaField(MetaKey.InputInterface);

    /// <summary>Number of the interface that the packet leaves by.</summary>
    public static Field OutputInterface { get; } = new MetaField(MetaKey.OutputInterface);

    /// <summary>Name of the interface that the packet came by.</summary>
    public static Field InputInterfaceName { get; } = new MetaField(MetaKey.InputInterfaceName);

    /// <summary>Name of the interface that the packet leaves by.</summary>
    public static Field OutputInterfaceName { get; } = new MetaField(MetaKey.OutputInterfaceName);

    /// <summary>Group of the interface that the packet came by.</summary>
    public static Field InputGroup { get; } = new MetaField(MetaKey.InputGroup);

    /// <summary>Group of the interface that the packet leaves by.</summary>
    public static Field OutputGroup { get; } = new MetaField(MetaKey.OutputGroup);

    /// <summary>State of the connection, bits of <see cref="ConnectionState"/>.</summary>
    public static Field CtState { get; } = new CtField(CtKey.State, null);

    /// <summary>What happened to the connection, bits of <see cref="ConnectionStatus"/>.</summary>
    public static Field CtStatus { get; } = new CtField(CtKey.Status, null);

    /// <summary>Whether the packet goes in the direction of the first one.</summary>
    public static Field CtDirection { get; } = new CtField(CtKey.Direction, null);

    /// <summary>The connection's mark.</summary>
    public static Field CtMark { get; } = new CtField(CtKey.Mark, null);

    /// <summary>What the routing table says of the source address.</summary>
    public static Field FibSourceType { get; } = new FibField(FibResult.AddressType, FibFlags.Source);

    /// <summary>What the routing table says of the destination address.</summary>
    public static Field FibDestinationType { get; } = new FibField(FibResult.AddressType, FibFlags.Destination);

    /// <summary>The link that the packet came by, if packets to its source leave by it, else 0: <c>fib saddr . iif oif</c>.</summary>
    public static Field FibSourceLink { get; } = new FibField(FibResult.OutputInterface, FibFlags.Source | FibFlags.InputInterface);

    /// <summary><see cref="IpSource"/> or <see cref="Ip6Source"/>.</summary>
    public static Field Source(IpFamily family) => family == IpFamily.V6 ? Ip6Source : IpSource;

    /// <summary><see cref="IpDestination"/> or <see cref="Ip6Destination"/>.</summary>
    public static Field Destination(IpFamily family) => family == IpFamily.V6 ? Ip6Destination : IpDestination;

    /// <summary>Source address of the connection's tuple: <c>ct original ip saddr</c>.</summary>
    public static Field CtSource(ConnectionDirection direction, IpFamily family) =>
        new CtField(family == IpFamily.V6 ? CtKey.SourceIp6 : CtKey.SourceIp, direction);

    /// <summary>Destination address of the connection's tuple: <c>ct original ip daddr</c>, before any translation.</summary>
    public static Field CtDestination(ConnectionDirection direction, IpFamily family) =>
        new CtField(family == IpFamily.V6 ? CtKey.DestinationIp6 : CtKey.DestinationIp, direction);

    /// <summary>Source port of the connection's tuple.</summary>
    public static Field CtSourcePort(ConnectionDirection direction) => new CtField(CtKey.ProtoSource, direction);

    /// <summary>Destination port of the connection's tuple: <c>ct original proto-dst</c>.</summary>
    public static Field CtDestinationPort(ConnectionDirection direction) => new CtField(CtKey.ProtoDestination, direction);

    /// <summary>A random number below <paramref name="modulus"/>.</summary>
    public static Field Random(uint modulus, uint offset = 0) => new NumberField(NumberGeneratorKind.Random, modulus, offset);

    /// <summary>The next of the numbers below <paramref name="modulus"/>; the count belongs to the rule.</summary>
    public static Field RoundRobin(uint modulus, uint offset = 0) => new NumberField(NumberGeneratorKind.Incremental, modulus, offset);

    /// <summary>Jenkins' hash of these fields, below <paramref name="modulus"/>. A set cannot be declared by it: nft 1.0.6 dies listing that.</summary>
    public static Field Hash(uint modulus, uint seed, params ReadOnlySpan<Field> sources) =>
        new HashField(ValueList.Create(sources), modulus, seed, 0);

    /// <inheritdoc/>
    public sealed override string ToString() => Text;
}
