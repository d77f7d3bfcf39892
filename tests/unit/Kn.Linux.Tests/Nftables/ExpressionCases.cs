using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nftables;

/// <summary>One row: an expression, the attributes that nft 1.0.6 sends for it (captured with --debug=mnl), and its text in --debug=netlink.</summary>
public sealed record ExpressionCase(string Name, NftExpression Expression, string Hex, string Text)
{
    public override string ToString() => Name;
}

/// <summary>The table of expressions.</summary>
public static class ExpressionCases
{
    private static readonly NftRegister R1 = NftRegister.At(0);
    private static readonly NftRegister R2 = NftRegister.At(4);
    private static readonly NftRegister R9 = NftRegister.At(1);

    public static IReadOnlyList<ExpressionCase> All { get; } =
    [
        new("ip saddr", new PayloadLoad(PayloadHeader.Network, 12, 4, R1), "08000100000000010800020000000001080003000000000c0800040000000004", "[ payload load 4b @ network header + 12 => reg 1 ]"),
        new("th dport, third register", new PayloadLoad(PayloadHeader.Transport, 2, 2, NftRegister.At(3)), "080001000000000b080002000000000208000300000000020800040000000002", "[ payload load 2b @ transport header + 2 => reg 11 ]"),
        new("tcp dport set", new PayloadSet(PayloadHeader.Transport, 2, 2, R1) { Checksum = PayloadChecksum.Internet, ChecksumOffsetBytes = 16 }, "080005000000000108000200000000020800030000000002080004000000000208000600000000010800070000000010", "[ payload write reg 1 => 2b @ transport header + 2 csum_type 1 csum_off 16 csum_flags 0x0 ]"),
        new("meta mark", new MetaLoad(MetaKey.Mark, R1), "08000200000000030800010000000001", "[ meta load mark => reg 1 ]"),
        new("meta l4proto in a concatenation", new MetaLoad(MetaKey.L4Protocol, NftRegister.At(2)), "0800020000000010080001000000000a", "[ meta load l4proto => reg 10 ]"),
        new("meta priority set", new MetaSet(MetaKey.Priority, R1), "08000200000000020800030000000001", "[ meta set priority with reg 1 ]"),
        new("cmp of one byte", new Compare(R1, CompareOperator.Equal, NftValue.Of(IpProtocol.Tcp)), "080001000000000108000200000000000c0003800500010006000000", "[ cmp eq reg 1 0x00000006 ]"),
        new("cmp of a port", new Compare(R1, CompareOperator.GreaterOrEqual, NftValue.OfPort(80)), "080001000000000108000200000000050c0003800600010000500000", "[ cmp gte reg 1 0x00005000 ]"),
        new("cmp of an IPv6 address", new Compare(R1, CompareOperator.Equal, NftValue.Of(IpAddress.Parse("fd00::1"))), "080001000000000108000200000000001800038014000100fd000000000000000000000000000001", "[ cmp eq reg 1 0x000000fd 0x00000000 0x00000000 0x01000000 ]"),
        new("cmp of a name", new Compare(R1, CompareOperator.Equal, NftValue.OfInterfaceName("eth0")), "08000100000000010800020000000000180003801400010065746830000000000000000000000000", "[ cmp eq reg 1 0x30687465 0x00000000 0x00000000 0x00000000 ]"),
        new("icmpv6 type != 133-137", new RangeCompare(R1, IsInverted: true, NftValue.Of((byte)133), NftValue.Of((byte)137)), "080001000000000108000200000000010c00038005000100850000000c0004800500010089000000", "[ range neq reg 1 0x00000085 0x00000089 ]"),
        new("ct mark & 0x0000ffff | 0x00010000", new Bitwise(R1, R1, NftValue.Of(0x0000ffffu), NftValue.Of(0x00010000u)), "08000100000000010800020000000001080006000000000008000300000000040c00048008000100ffff00000c0005800800010000000100", "[ bitwise reg 1 = ( reg 1 & 0x0000ffff ) ^ 0x00010000 ]"),
        new("byteorder", new ByteOrder(R1, R1, ToNetwork: true, 4, 4), "08000100000000010800020000000001080003000000000108000400000000040800050000000004", "[ byteorder reg 1 = hton(reg 1, 4, 4) ]"),
        new("lookup", new Lookup("dr", R1), "08000200000000010700010064720000", "[ lookup reg 1 set dr 0x0 ]"),
        new("lookup, inverted", new Lookup("dr", R1) { IsInverted = true }, "080002000000000107000100647200000800050000000001", "[ lookup reg 1 set dr 0x1 ]"),
        new("lookup in a map", new Lookup("dn", R1) { Destination = R1 }, "0800020000000001080003000000000107000100646e0000", "[ lookup reg 1 set dn dreg 1 0x0 ]"),
        new("vmap", new Lookup("__map%d", R1) { Destination = NftRegister.Verdict }, "080002000000000108000300000000000c0001005f5f6d6170256400", "[ lookup reg 1 set __map%d dreg 0 0x0 ]"),
        new("immediate", new Immediate(R2, NftValue.OfPort(80)), "08000100000000020c0002800600010000500000", "[ immediate reg 2 0x00005000 ]"),
        new("drop", new ImmediateVerdict(Verdict.Drop), "0800010000000000100002800c0002800800010000000000", "[ immediate reg 0 drop ]"),
        new("accept", new ImmediateVerdict(Verdict.Accept), "0800010000000000100002800c0002800800010000000001", "[ immediate reg 0 accept ]"),
        new("return", new ImmediateVerdict(Verdict.Return), "0800010000000000100002800c00028008000100fffffffb", "[ immediate reg 0 return ]"),
        new("continue", new ImmediateVerdict(Verdict.Continue), "0800010000000000100002800c00028008000100ffffffff", "[ immediate reg 0 continue ]"),
        new("jump", new ImmediateVerdict(Verdict.Jump("b")), "0800010000000000180002801400028008000100fffffffd0600020062000000", "[ immediate reg 0 jump -> b ]"),
        new("goto", new ImmediateVerdict(Verdict.Goto("b")), "0800010000000000180002801400028008000100fffffffc0600020062000000", "[ immediate reg 0 goto -> b ]"),
        new("dnat from a map", new Nat(NatKind.Destination, NftFamily.Ip) { Address = R1, Port = R9 }, "0800010000000001080002000000000208000300000000010800050000000009", "[ nat dnat ip addr_min reg 1 proto_min reg 9 ]"),
        new("dnat to a range", new Nat(NatKind.Destination, NftFamily.Ip) { Address = R1, AddressEnd = R2, Port = NftRegister.At(8), PortEnd = NftRegister.At(12) }, "080001000000000108000200000000020800030000000001080004000000000208000500000000030800060000000004", "[ nat dnat ip addr_min reg 1 addr_max reg 2 proto_min reg 3 proto_max reg 4 ]"),
        new("snat", new Nat(NatKind.Source, NftFamily.Ip) { Address = R1 }, "080001000000000008000200000000020800030000000001", "[ nat snat ip addr_min reg 1 ]"),
        new("masquerade", new Masquerade(), "", "[ masq ]"),
        new("masquerade fully-random", new Masquerade { Flags = NatFlags.FullyRandom }, "0800010000000010", "[ masq flags 0x10 ]"),
        new("reject", new Reject(RejectKind.Icmpx, 1), "08000100000000020500020001000000", "[ reject type 2 code 1 ]"),
        new("reject with tcp reset", new Reject(RejectKind.TcpReset, 0), "08000100000000010500020000000000", "[ reject type 1 code 0 ]"),
        new("ct state", new CtLoad(CtKey.State, null, R1), "08000200000000000800010000000001", "[ ct load state => reg 1 ]"),
        new("ct original ip saddr", new CtLoad(CtKey.SourceIp, ConnectionDirection.Original, R1), "080002000000001308000100000000010500030000000000", "[ ct load src_ip => reg 1 , dir original ]"),
        new("ct reply ip saddr", new CtLoad(CtKey.SourceIp, ConnectionDirection.Reply, R9), "080002000000001308000100000000090500030001000000", "[ ct load src_ip => reg 9 , dir reply ]"),
        new("ct mark set", new CtSet(CtKey.Mark, R1), "08000200000000030800040000000001", "[ ct set mark with reg 1 ]"),
        new("fib saddr type", new FibLoad(FibResult.AddressType, FibFlags.Source, R1), "080003000000000108000200000000030800010000000001", "[ fib saddr type => reg 1 ]"),
        new("fib daddr . iif oif missing", new FibLoad(FibResult.OutputInterface, FibFlags.Destination | FibFlags.InputInterface | FibFlags.Present, R1), "080003000000002a08000200000000010800010000000001", "[ fib daddr . iif oif present => reg 1 ]"),
        new("numgen random", new NumberGenerator(NumberGeneratorKind.Random, 3, 0, R9), "0800010000000009080002000000000308000300000000010800040000000000", "[ numgen reg 9 = random mod 3 ]"),
        new("numgen inc", new NumberGenerator(NumberGeneratorKind.Incremental, 5, 3, R1), "0800010000000001080002000000000508000300000000000800040000000003", "[ numgen reg 1 = inc mod 5 offset 3 ]"),
        new("jhash", new JenkinsHash(R2, 8, 5, 7, 1, R1), "0800010000000002080002000000000108000300000000080800040000000005080005000000000708000600000000010800070000000000", "[ hash reg 1 = jhash(reg 2, 8, 0x7) % mod 5 offset 1 ]"),
        new("update of a map", new DynamicSet(DynamicSetOperation.Update, "af", R1) { DataSource = R2, Timeout = TimeSpan.FromHours(3) }, "0800040000000001080005000000000208000300000000010c0006000000000000a4cb800700010061660000", "[ dynset update reg_key 1 set af sreg_data 2 timeout 10800000ms ]"),
        new("delete from a map", new DynamicSet(DynamicSetOperation.Delete, "af", R1) { DataSource = R2 }, "0800040000000001080005000000000208000300000000020700010061660000", "[ dynset delete reg_key 1 set af sreg_data 2 timeout 0ms ]"),
        new("add with a counter", new DynamicSet(DynamicSetOperation.Add, "dr", R1) { Expressions = [new Counter()] }, "08000400000000010800030000000000070001006472000014000780"
            + "0c000100636f756e7465720004000280", "[ dynset add reg_key 1 set dr timeout 0ms expr [ counter pkts 0 bytes 0 ] ]"),
        new("counter", new Counter(), "", "[ counter pkts 0 bytes 0 ]"),
        new("counter that counted", new Counter(3, 180), "0c00010000000000000000b40c0002000000000000000003", "[ counter pkts 3 bytes 180 ]"),
        new("limit rate", new Limit(50, 1, 100), "0c00010000000000000000320c0002000000000000000001080003000000006408000400000000000800050000000000", "[ limit rate 50/second burst 100 type packets flags 0x0 ]"),
        new("limit rate over bytes", new Limit(5_242_880, 60, 0) { CountsBytes = true, IsInverted = true }, "0c00010000000000005000000c000200000000000000003c08000400000000010800050000000001", "[ limit rate 5242880/minute burst 0 type bytes flags 0x1 ]"),
        new("log to a group", new LogPacket { Prefix = "kn-policy out", Group = 75, SnapshotBytes = 128 }, "120002006b6e2d706f6c696379206f757400000006000100004b00000800030000000080", "[ log prefix kn-policy out group 75 snaplen 128 qthreshold 0 ]"),
        new("log to the kernel's log", new LogPacket { Prefix = "hey", Level = 7, Flags = 0x2f }, "08000200686579000800050000000007080006000000002f", "[ log prefix hey level 7 flags 0x2f ]"),
        new("notrack", new NoTrack(), "", "[ notrack ]"),
        new("counter name cn", new ObjectReference(1, "cn"), "080001000000000107000200636e0000", "[ objref type 1 name cn ]"),
        new("ct count over 20", new ConnectionLimit(20, IsInverted: true), "08000100000000140800020000000001", "[ connlimit count 20 flags 1 ]"),
        new("meta mark << 4, which Kn has no type for", new UnknownExpression("bitwise", NftValue.Of(Convert.FromHexString("08000100000000010800020000000001080006000000000108000300000000040c0007800800010004000000"))), "08000100000000010800020000000001080006000000000108000300000000040c0007800800010004000000", "[ bitwise unknown 08000100000000010800020000000001080006000000000108000300000000040c0007800800010004000000 ]"),
    ];
}
