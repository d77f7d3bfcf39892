using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nftables;

/// <summary>The Service layout that this library must be able to say: a web Service (ClusterIP, load balancer with a source range and
/// policy Local, NodePort on a node address and on localhost), a DNS Service over UDP with affinity, and one without endpoints; both families.</summary>
internal static class ServiceExample
{
    internal const string Name = "kn-proxy";

    internal static readonly NftMap Lists = new("lists", NftKey.Typeof(Field.Priority), NftKey.Typeof(Field.Priority)) { Comment = "list: class (kind, protocol : length)" };
    internal static readonly NftMap Dispatch = new("dispatch", NftKey.Typeof(Field.Priority), Data: null) { Comment = "class: chain" };
    internal static readonly NftMap Choices = new("choices", NftKey.Typeof(Field.Priority, Field.Random(65536)), NftKey.Typeof(Field.Priority)) { Comment = "list . slot: backend, lists with affinity" };

    internal static NftTable Build(string name = Name)
    {
        var v4 = new Family(IpFamily.V4);
        var v6 = new Family(IpFamily.V6);
        return new NftTable(NftFamily.Inet, name)
        {
            Comment = "Kn Services",
            Sets =
            [
                v4.Services with
                {
                    Elements = [Vip("10.96.0.53", 17, 53, 0x12), Vip("10.96.0.10", 6, 80, 0x10), Vip("203.0.113.10", 6, 80, 3), Vip("10.96.0.99", 6, 80, 0x13), Vip("127.0.0.1", 6, 30080, 0x10), Vip("192.168.50.1", 6, 30080, 1)],
                },
                v6.Services with
                {
                    Elements = [Vip("fd00:96::53", 17, 53, 0x16), Vip("fd00:113::10", 6, 80, 3), Vip("fd00:96::10", 6, 80, 0x14), Vip("fd00:96::99", 6, 80, 0x17), Vip("::1", 6, 30080, 0x14), Vip("fd00:50::1", 6, 30080, 1)],
                },
                v4.Inner with { Elements = [Vip("203.0.113.10", 6, 80, 0x10), Vip("192.168.50.1", 6, 30080, 0x10)] },
                v6.Inner with { Elements = [Vip("fd00:113::10", 6, 80, 0x14), Vip("fd00:50::1", 6, 30080, 0x14)] },
                v4.Outside with { Elements = [Vip("203.0.113.10", 6, 80, 0x11), Vip("192.168.50.1", 6, 30080, 0x11)] },
                v6.Outside with { Elements = [Vip("fd00:113::10", 6, 80, 0x15), Vip("fd00:50::1", 6, 30080, 0x15)] },
                Lists with
                {
                    Elements =
                    [
                        Pair(0x10, 0x1060003), Pair(0x11, 0x1060001), Pair(0x12, 0x8110002), Pair(0x13, 2),
                        Pair(0x14, 0x81060003), Pair(0x15, 0x81060001), Pair(0x16, 0x88110002), Pair(0x17, 2),
                    ],
                },
                Dispatch with
                {
                    Elements =
                    [
                        Class(1, Verdict.Drop), Class(2, Verdict.Goto("refuse")),
                        Class(0x1060001, Verdict.Goto("random-tcp4-1")), Class(0x1060003, Verdict.Goto("random-tcp4-3")), Class(0x8110002, Verdict.Goto("affinity-10800-udp4-2")),
                        Class(0x81060001, Verdict.Goto("random-tcp6-1")), Class(0x81060003, Verdict.Goto("random-tcp6-3")), Class(0x88110002, Verdict.Goto("affinity-10800-udp6-2")),
                    ],
                },
                v4.Endpoints with { Elements = [Slot(0x10, 0, "10.244.1.2", 8080), Slot(0x11, 0, "10.244.1.2", 8080), Slot(0x10, 1, "10.244.2.10", 8080), Slot(0x10, 2, "10.244.2.11", 8080)] },
                v6.Endpoints with { Elements = [Slot(0x14, 0, "fd00:244:1::2", 8080), Slot(0x15, 0, "fd00:244:1::2", 8080), Slot(0x14, 1, "fd00:244:2::10", 8080), Slot(0x14, 2, "fd00:244:2::11", 8080)] },
                Choices with { Elements = [Choice(0x12, 0, 0x10000), Choice(0x16, 0, 0x10002), Choice(0x12, 1, 0x10001), Choice(0x16, 1, 0x10003)] },
                v4.Backends with { Elements = [Backend(0x10000, "10.244.2.10", 5353), Backend(0x10001, "10.244.2.11", 5353)] },
                v6.Backends with { Elements = [Backend(0x10002, "fd00:244:2::10", 5353), Backend(0x10003, "fd00:244:2::11", 5353)] },
                v4.Affinity,
                v6.Affinity,
                v4.Inside with { Elements = [NftElement.Of(IpPrefix.Parse("10.244.0.0/16"))] },
                v6.Inside with { Elements = [NftElement.Of(IpPrefix.Parse("fd00:244::/32"))] },
                v4.Hairpin with { Elements = [Twice("10.244.1.2")] },
                v6.Hairpin with { Elements = [Twice("fd00:244:1::2")] },
                v4.External with { Elements = [Vip("127.0.0.1", 6, 30080)] },
                v6.External with { Elements = [Vip("::1", 6, 30080)] },
                v4.ClusterIps with { Elements = [Ip("10.96.0.10"), Ip("10.96.0.53"), Ip("10.96.0.99")] },
                v6.ClusterIps with { Elements = [Ip("fd00:96::10"), Ip("fd00:96::53"), Ip("fd00:96::99")] },
                v4.ServiceCidrs with { Elements = [NftElement.Of(IpPrefix.Parse("10.96.0.0/16"))] },
                v6.ServiceCidrs with { Elements = [NftElement.Of(IpPrefix.Parse("fd00:96::/112"))] },
                v4.Ranges with { Elements = [Range("203.0.113.10", 6, 80, "198.51.100.0/24")] },
                v6.Ranges with { Elements = [Range("fd00:113::10", 6, 80, "2001:db8::/64")] },
            ],
            Chains = [Refuse(), .. v4.Chains(), .. v6.Chains(), .. BaseChains(), .. v4.ClassChains(), .. v6.ClassChains()],
        };
    }

    internal static NftElement Vip(string address, byte protocol, ushort port, uint list) => new(VipKey(address, protocol, port), NftValue.Of(list));

    internal static NftElement Slot(uint list, uint slot, string address, ushort port) =>
        new(Concat().Add(list).Add(slot).ToValue(), Concat().Add(IpAddress.Parse(address)).AddPort(port).ToValue());

    private static NftElement Vip(string address, byte protocol, ushort port) => new(VipKey(address, protocol, port));

    private static NftValue VipKey(string address, byte protocol, ushort port) =>
        Concat().Add(IpAddress.Parse(address)).Add((IpProtocol)protocol).AddPort(port).ToValue();

    private static NftValueWriter Concat() => new(new byte[NftValueWriter.MaxBytes]);

    private static NftElement Pair(uint key, uint data) => new(NftValue.Of(key), NftValue.Of(data));

    private static NftElement Class(uint key, NftVerdict verdict) => new(NftValue.Of(key), verdict);

    private static NftElement Choice(uint list, uint slot, uint backend) => new(Concat().Add(list).Add(slot).ToValue(), NftValue.Of(backend));

    private static NftElement Backend(uint backend, string address, ushort port) =>
        new(NftValue.Of(backend), Concat().Add(IpAddress.Parse(address)).AddPort(port).ToValue());

    private static NftElement Twice(string address) => new(Concat().Add(IpAddress.Parse(address)).Add(IpAddress.Parse(address)).ToValue());

    private static NftElement Ip(string address) => NftElement.Of(IpAddress.Parse(address));

    private static NftElement Range(string address, byte protocol, ushort port, string prefix)
    {
        var source = IpPrefix.Parse(prefix);
        var vip = VipKey(address, protocol, port);
        return new NftElement(NftValue.Concat(vip, NftValue.Of(source.Address))) { KeyEnd = NftValue.Concat(vip, NftValue.Of(source.Last)) };
    }

    private static NftChain Refuse() => NftChain.Of(
        "refuse",
        NftRule.Of(Match.L4Protocol(IpProtocol.Tcp), Statement.RejectTcp()),
        NftRule.Of(Statement.Reject()));

    private static IEnumerable<NftChain> BaseChains()
    {
        NftRule[] services =
        [
            NftRule.Of(Match.NfProto(IpFamily.V4), Verdict.Jump("services4")),
            NftRule.Of(Match.NfProto(IpFamily.V6), Verdict.Jump("services6")),
        ];
        yield return NftChain.Base("prerouting", NftChainType.Nat, NftHookPoint.Prerouting, NftPriority.DestinationNat).With(services);
        yield return NftChain.Base("output", NftChainType.Nat, NftHookPoint.Output, NftPriority.DestinationNat).With(services);
        yield return NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NftPriority.SourceNat).With(
            NftRule.Of(Match.CtStatusNot(ConnectionStatus.DestinationNat), Verdict.Return),
            NftRule.Of(Statement.SetPriority(0)),
            NftRule.Of(Match.NfProto(IpFamily.V4), Verdict.Jump("after-dnat4")),
            NftRule.Of(Match.NfProto(IpFamily.V6), Verdict.Jump("after-dnat6")));
        yield return NftChain.Base("no-martians", NftChainType.Filter, NftHookPoint.Prerouting, NftPriority.Raw).With(
            NftRule.Of(Match.InputInterface(1, inverted: true), Match.NfProto(IpFamily.V4), Match.Destination(IpPrefix.Parse("127.0.0.0/8")), Verdict.Drop)
                .WithComment("route_localnet is on"));
    }

    /// <summary>The sets and chains that exist once for each family.</summary>
    internal sealed class Family
    {
        private readonly IpFamily _family;
        private readonly string _n;
        private readonly Field _source;
        private readonly Field _destination;
        private readonly Field[] _vip;
        private readonly Field[] _originalVip;

        internal Family(IpFamily family)
        {
            _family = family;
            _n = family == IpFamily.V6 ? "6" : "4";
            _source = Field.Source(family);
            _destination = Field.Destination(family);
            _vip = [_destination, Field.L4Protocol, Field.DestinationPort];
            _originalVip = [Field.CtDestination(ConnectionDirection.Original, family), Field.L4Protocol, Field.CtDestinationPort(ConnectionDirection.Original)];
            var address = family == IpFamily.V6 ? NftDataType.Ipv6Address : NftDataType.Ipv4Address;
            Services = VipMap("services", "VIP: list, or below 8 a special kind");
            Inner = VipMap("inner", "VIP of a special kind: list for pods and for the node itself");
            Outside = VipMap("outside", "VIP with policy Local, seen from outside: list of local endpoints");
            Endpoints = new NftMap("endpoints" + _n, NftKey.Typeof(Field.Priority, Field.Random(65536)), NftKey.Typeof(_destination, Field.DestinationPort)) { Comment = "list . slot: endpoint" };
            Backends = new NftMap("backends" + _n, NftKey.Typeof(Field.Priority), NftKey.Typeof(_destination, Field.DestinationPort)) { Comment = "backend: endpoint, lists with affinity" };
            Affinity = new NftMap("affinity" + _n, NftKey.Typeof([_source, .. _vip]), NftKey.Typeof(Field.Priority))
            {
                Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout,
                MaxElements = 1_048_576,
                Comment = "client . VIP: backend",
            };
            Inside = new NftSet("inside" + _n, NftKey.Type(address)) { Flags = NftSetFlags.Interval, Comment = "pod addresses of the cluster" };
            Hairpin = new NftSet("hairpin" + _n, NftKey.Typeof(_source, _destination)) { Comment = "local endpoints, twice" };
            External = new NftSet("external" + _n, NftKey.Typeof(_vip)) { Comment = "VIPs that are always masqueraded" };
            ClusterIps = new NftSet("cluster-ips" + _n, NftKey.Type(address));
            ServiceCidrs = new NftSet("service-cidrs" + _n, NftKey.Type(address)) { Flags = NftSetFlags.Interval };
            Ranges = new NftSet("ranges" + _n, NftKey.Typeof([.. _vip, _source])) { Flags = NftSetFlags.Interval, Comment = "VIP . permitted source" };
        }

        internal NftMap Services { get; }

        internal NftMap Inner { get; }

        internal NftMap Outside { get; }

        internal NftMap Endpoints { get; }

        internal NftMap Backends { get; }

        internal NftMap Affinity { get; }

        internal NftSet Inside { get; }

        internal NftSet Hairpin { get; }

        internal NftSet External { get; }

        internal NftSet ClusterIps { get; }

        internal NftSet ServiceCidrs { get; }

        internal NftSet Ranges { get; }

        internal IEnumerable<NftChain> Chains()
        {
            var proto = Match.NfProto(_family);
            var masquerade = Statement.Masquerade(fullyRandom: true);
            yield return NftChain.Of(
                "services" + _n,
                NftRule.Of(proto, Statement.SetPriority(Services, _vip), Verdict.Goto("balance" + _n)),
                NftRule.Of(proto, Match.InSet(ServiceCidrs, _destination), Verdict.Goto("unknown" + _n)));
            yield return NftChain.Of(
                "resolve" + _n,
                NftRule.Of(proto, Statement.SetPriority(Services, _vip)),
                NftRule.Of(Match.Masked(Field.Priority, 0xfffffff8, 0), Verdict.Goto("special" + _n)));
            yield return NftChain.Of(
                "balance" + _n,
                NftRule.Of(Match.Masked(Field.Priority, 0xfffffff8, 0), Verdict.Jump("special" + _n)),
                NftRule.Of(Statement.SetPriority(Lists, Field.Priority)),
                NftRule.Of(Statement.VerdictMap(Dispatch, Field.Priority)),
                NftRule.Of(Verdict.Drop));
            yield return NftChain.Of(
                "unknown" + _n,
                NftRule.Of(proto, Match.InSet(ClusterIps, _destination), Verdict.Goto("refuse")),
                NftRule.Of(Verdict.Drop));
            yield return NftChain.Of(
                "special" + _n,
                NftRule.Of(Match.AnyBit(Field.Priority, 2), proto, Match.NotInSet(Ranges, [.. _vip, _source]), Verdict.Drop),
                NftRule.Of(proto, Statement.SetPriority(Inner, _vip)),
                NftRule.Of(proto, Match.NotInSet(Inside, _source), Match.FibSource(AddressKind.Local, inverted: true), Statement.SetPriority(Outside, _vip)));
            yield return NftChain.Of(
                "after-dnat" + _n,
                NftRule.Of(proto, Match.NotInSet(Inside, _source), Verdict.Goto("from-elsewhere" + _n)),
                NftRule.Of(proto, Match.InSet(Hairpin, _source, _destination), masquerade),
                NftRule.Of(proto, Match.InSet(External, _originalVip), masquerade));
            yield return NftChain.Of(
                "from-elsewhere" + _n,
                NftRule.Of(proto, Match.InSet(ClusterIps, _originalVip[0]), masquerade),
                NftRule.Of(proto, Match.InSet(External, _originalVip), masquerade),
                NftRule.Of(proto, Match.FibSource(AddressKind.Local), Statement.SetPriority(Outside, _originalVip), Statement.SetPriority(0), masquerade));
        }

        internal IEnumerable<NftChain> ClassChains()
        {
            yield return RandomTcp(3);
            yield return RandomTcp(1);
            yield return AffinityUdp(2);
        }

        private NftMap VipMap(string name, string comment) => new(name + _n, NftKey.Typeof(_vip), NftKey.Typeof(Field.Priority)) { Comment = comment };

        private NftChain RandomTcp(uint n)
        {
            RuleTerm[] tcp = [Match.NfProto(_family), Match.L4Protocol(IpProtocol.Tcp)];
            return NftChain.Of(
                $"random-tcp{_n}-{n}",
                NftRule.Of(Verdict.Jump("resolve" + _n)),
                NftRule.Of([.. tcp, Statement.Dnat(Endpoints, Field.Priority, Field.Random(n))]),
                NftRule.Of([.. tcp, Statement.Dnat(Endpoints, Field.Priority, Field.RoundRobin(1))]),
                NftRule.Of(Verdict.Drop));
        }

        private NftChain AffinityUdp(uint n)
        {
            var proto = Match.NfProto(_family);
            Field[] client = [_source, .. _vip];
            var update = Statement.Update(Affinity, [.. client], TimeSpan.FromHours(3), [Field.Priority]);
            var delete = Statement.Delete(Affinity, [.. client], [Field.Priority]);
            var dnat = Statement.Dnat(Backends, Field.Priority);
            return NftChain.Of(
                $"affinity-10800-udp{_n}-{n}",
                NftRule.Of(proto, Statement.SetPriority(Affinity, client), update, Match.L4Protocol(IpProtocol.Udp), dnat),
                NftRule.Of(proto, delete),
                NftRule.Of(Verdict.Jump("resolve" + _n)),
                NftRule.Of(proto, Statement.SetPriority(Choices, Field.Priority, Field.Random(n)), update),
                NftRule.Of(proto, Statement.SetPriority(Affinity, client)),
                NftRule.Of(proto, Match.L4Protocol(IpProtocol.Udp), dnat),
                NftRule.Of(proto, delete),
                NftRule.Of(Verdict.Jump("resolve" + _n)),
                NftRule.Of(proto, Statement.SetPriority(Choices, Field.Priority, Field.RoundRobin(1)), update),
                NftRule.Of(proto, Match.L4Protocol(IpProtocol.Udp), dnat),
                NftRule.Of(Verdict.Drop));
        }
    }
}
