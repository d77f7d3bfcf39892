using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Linux.Tests.Nftables;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>Batches and dumps against the kernel, and against what nft lists. Needs root.</summary>
public sealed class NftSocketTests : IDisposable
{
    private static readonly NftTableId Table = new(NftFamily.Inet, "kn-test");
    private static readonly NftSet Addresses = new("addresses", NftKey.Type(NftDataType.Ipv4Address));
    private readonly NftNamespace _ns = new();

    public void Dispose() => _ns.Dispose();

    [Fact]
    public void ServiceLayout_ReadsBackAsDeclared()
    {
        var table = ServiceExample.Build();

        Assert.Equal(NftOutcome.Applied, _ns.Socket.Apply(new NftBatch().AddWhole(table)));

        AssertSame(table, _ns.Socket.ReadTable(NftFamily.Inet, ServiceExample.Name)!);
        Assert.Equal([table.Id], _ns.Socket.ReadTables().Select(read => read.Id));
    }

    [Fact]
    public void ServiceLayout_IsListedByNft()
    {
        var table = ServiceExample.Build();
        _ns.Socket.Apply(new NftBatch().AddWhole(table));

        var listing = _ns.Nft("list", "table", "inet", ServiceExample.Name);

        Assert.Equal(SortedElements(Golden.Read("services.nft", listing)), SortedElements(listing));
        var json = System.Text.Json.Nodes.JsonNode.Parse(_ns.Nft("-j", "list", "ruleset"))!["nftables"]!.AsArray();
        Assert.Equal(table.Sets.Count, json.Count(item => item!["set"] is not null || item["map"] is not null));
        Assert.Equal(table.Chains.Count, json.Count(item => item!["chain"] is not null));
        Assert.Equal(table.Chains.Sum(chain => chain.Rules.Count), json.Count(item => item!["rule"] is not null));
        AssertSame(table, _ns.Socket.ReadTable(NftFamily.Inet, ServiceExample.Name)!);
    }

    [Fact]
    public void Listing_OfSets_IsLoadedByNftAgain_AndIsTheSame()
    {
        // Of the rules nft 1.0.6 cannot read all that it writes (ct original proto-dst, updates of 40-byte keys); of sets it can.
        var table = ServiceExample.Build() with { Chains = [NftChain.Of("refuse"), NftChain.Of("random-tcp4-1"), NftChain.Of("random-tcp4-3"), NftChain.Of("affinity-10800-udp4-2"), NftChain.Of("random-tcp6-1"), NftChain.Of("random-tcp6-3"), NftChain.Of("affinity-10800-udp6-2")] };
        _ns.Socket.Apply(new NftBatch().AddWhole(table));
        var listing = _ns.Nft("list", "ruleset");
        _ns.Nft("flush", "ruleset");

        _ns.NftLoad(listing);

        AssertSame(table, _ns.Socket.ReadTable(NftFamily.Inet, ServiceExample.Name)!);
    }

    [Fact]
    public void RefusedOperation_ChangesNothing_AndIsNamed()
    {
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")).AddSet(Table, Addresses));
        var before = _ns.Nft("list", "ruleset");
        ValueList<NftElement> elements = [Address("10.0.0.1"), Address("10.0.0.2"), Address("10.0.0.3")];
        _ns.Socket.Apply(new NftBatch().AddElements(Table, Addresses, [elements[1]]));

        var batch = new NftBatch()
            .AddChain(Table, NftChain.Of("new"))
            .CreateElements(Table, Addresses, elements)
            .AddRule(Table, "absent", NftRule.Of(Verdict.Drop));
        var error = Assert.Throws<NftException>(() => _ns.Socket.Apply(batch));

        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.Same(batch.Operations[1], error.Operation);
        Assert.Equal(elements[1], error.Element);
        Assert.Equal(2, error.Refusals);
        Assert.Contains("create element inet kn-test addresses", error.Message, StringComparison.Ordinal);
        _ns.Socket.Apply(new NftBatch().DeleteElements(Table, Addresses, [elements[1]]));
        Assert.Equal(before, _ns.Nft("list", "ruleset"));
    }

    [Fact]
    public void DeletingWhatIsAbsent_IsRefused_DestroyingIsNot()
    {
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")).AddSet(Table, Addresses));
        ValueList<NftElement> absent = [Address("10.9.9.9")];

        Assert.Equal(Errno.ENOENT, Assert.Throws<NftException>(() => _ns.Socket.Apply(new NftBatch().DeleteElements(Table, Addresses, absent))).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<NftException>(() => _ns.Socket.Apply(new NftBatch().DeleteTable(new(NftFamily.Ip, "none")))).Errno);

        _ns.Socket.Apply(new NftBatch()
            .DestroyElements(Table, Addresses, absent).DestroyChain(Table, "none").DestroySet(Table, new NftSet("none", Addresses.Key))
            .DestroyTable(new(NftFamily.Ip, "none")).RemoveTable(new(NftFamily.Ip, "none")));
        _ns.Socket.Apply(new NftBatch().RemoveTable(Table).RemoveTable(Table));
        Assert.Null(_ns.Socket.ReadTable(NftFamily.Inet, "kn-test"));
    }

    [Fact]
    public void ManyElements_GoInOneTransaction_AndComeBack()
    {
        var services = new ServiceExample.Family(IpFamily.V4).Services;
        var elements = new NftElement[60_000];
        for (uint i = 0; i < elements.Length; i++)
        {
            elements[i] = ServiceExample.Vip(IpAddress.FromV4(0x0A60_0000 + i).ToString(), 6, 80, i);
        }

        var all = elements.ToValueList();
        var generation = _ns.Socket.GenerationId;
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")).AddSet(Table, services).AddElements(Table, services, all));

        Assert.Equal(generation + 1, _ns.Socket.GenerationId);
        Assert.Equal(all, _ns.Socket.ReadElements(Table, services).OrderBy(element => element.Key).ToValueList());

        _ns.Socket.Apply(new NftBatch().DeleteElements(Table, services, all));
        Assert.True(_ns.Socket.ReadElements(Table, services).IsEmpty);
    }

    [Fact]
    public void ASetThatTheKernelStillEnlarges_IsReadWhole()
    {
        var services = new ServiceExample.Family(IpFamily.V4).Services;
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")));
        for (var round = 0; round < 20; round++)
        {
            var set = services with { Name = $"round{round}" };
            var elements = Enumerable.Range(0, 5_000 + (round * 1_000))
                .Select(static i => ServiceExample.Vip(IpAddress.FromV4(0x0A60_0000 + (uint)i).ToString(), 6, 80, (uint)i)).ToValueList();
            _ns.Socket.Apply(new NftBatch().AddSet(Table, set).AddElements(Table, set, elements));
            Assert.Equal(elements, _ns.Socket.ReadElements(Table, set).OrderBy(static element => element.Key).ToValueList());
        }
    }

    [Fact]
    public void TableWithoutTheElementsOfSomeSets_IsOtherwiseWhole()
    {
        var other = Addresses with { Name = "others", Flags = NftSetFlags.Dynamic };
        ValueList<NftElement> elements = [NftElement.Of(IpAddress.Parse("192.0.2.1"))];
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")).AddSet(Table, Addresses).AddElements(Table, Addresses, elements)
            .AddSet(Table, other).AddElements(Table, other, elements));
        List<string> asked = [];

        var table = _ns.Socket.ReadTable(NftFamily.Inet, "kn-test", set =>
        {
            asked.Add(set.Name);
            return !set.Flags.HasFlag(NftSetFlags.Dynamic);
        })!;

        Assert.Equal(["addresses", "others"], asked);
        Assert.Equal(elements, table.FindSet("addresses")!.Elements);
        Assert.Equal(NftSetFlags.Dynamic, table.FindSet("others")!.Flags);
        Assert.True(table.FindSet("others")!.Elements.IsEmpty);
        Assert.Null(_ns.Socket.ReadTable(NftFamily.Inet, "absent", static _ => false));
    }

    [Fact]
    public void GenerationThatMovedOn_IsAnOutcome_AndNothingIsDone()
    {
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")));
        _ns.Socket.ReadTable(NftFamily.Inet, "kn-test", out var generation);
        _ns.Nft("add", "table", "ip", "foreign");

        var late = new NftBatch { ExpectedGeneration = generation }.AddChain(Table, NftChain.Of("late"));
        Assert.Equal(NftOutcome.GenerationChanged, _ns.Socket.Apply(late));
        Assert.DoesNotContain("late", _ns.Nft("list", "ruleset"), StringComparison.Ordinal);

        _ns.Socket.ReadTable(NftFamily.Inet, "kn-test", out generation);
        Assert.Equal(NftOutcome.Applied, _ns.Socket.Apply(new NftBatch { ExpectedGeneration = generation }.AddChain(Table, NftChain.Of("late"))));
    }

    [Fact]
    public void Rules_AreInsertedReplacedAndDeletedByHandle()
    {
        _ns.Socket.Apply(new NftBatch().AddTable(new NftTable(NftFamily.Inet, "kn-test")).AddChain(Table, NftChain.Of("c"))
            .AddRules(Table, "c", Marked(1), Marked(3)));
        var rules = Rules();

        _ns.Socket.Apply(new NftBatch()
            .InsertRule(Table, "c", Marked(0)).InsertRule(Table, "c", Marked(2), rules[1].Handle).AddRule(Table, "c", Marked(10), rules[0].Handle)
            .ReplaceRule(Table, "c", rules[1].Handle, Marked(4)));
        Assert.Equal([Marked(0), Marked(1), Marked(10), Marked(2), Marked(4)], Rules().Select(rule => rule.AsDeclared()));

        _ns.Socket.Apply(new NftBatch().DeleteRule(Table, "c", Rules()[2].Handle));
        Assert.Equal([Marked(0), Marked(1), Marked(2), Marked(4)], Rules().Select(rule => rule.AsDeclared()));

        _ns.Socket.Apply(new NftBatch().FlushChain(Table, "c"));
        Assert.True(Rules().IsEmpty);
        _ns.Socket.Apply(new NftBatch().AddRules(Table, "c", Marked(1)).FlushTable(Table).DeleteChain(Table, "c"));
        Assert.True(_ns.Socket.ReadTable(NftFamily.Inet, "kn-test")!.Chains.IsEmpty);

        static NftRule Marked(uint mark) => NftRule.Of(Match.Mark(mark), Statement.Counter(), Verdict.Accept).WithComment($"mark {mark}");
        ValueList<NftRule> Rules() => _ns.Socket.ReadTable(NftFamily.Inet, "kn-test")!.Chains[0].Rules;
    }

    [Fact]
    public void Intervals_TimeoutsCommentsAndCounters_AreListedByNft_AndReadBack()
    {
        var ranges = new NftSet("ranges", NftKey.Typeof(Field.IpSource))
        {
            Flags = NftSetFlags.Interval,
            Elements =
            [
                NftElement.Of(IpPrefix.Parse("10.0.0.0/24")), NftElement.Of(IpPrefix.Parse("10.0.1.0/24")) with { Comment = "next door" },
                Address("192.0.2.1"), new NftElement(NftValue.Of(IpAddress.Parse("198.51.100.3"))) { KeyEnd = NftValue.Of(IpAddress.Parse("198.51.100.9")) },
                NftElement.Of(IpPrefix.Parse("240.0.0.0/4")),
            ],
        };
        var timed = new NftSet("timed", NftKey.Typeof(Field.Mark))
        {
            Flags = NftSetFlags.Timeout,
            Timeout = TimeSpan.FromHours(1),
            MaxElements = 10,
            Elements = [new NftElement(NftValue.Of(7u)) { Timeout = TimeSpan.FromMinutes(30), Comment = "half an hour" }],
        };
        var counted = new NftSet("counted", NftKey.Type(NftDataType.Ipv4Address)) { Flags = NftSetFlags.Dynamic, MaxElements = 1024 };
        var verdicts = new NftMap("verdicts", NftKey.Type(NftDataType.InterfaceName), null) { Elements = [new NftElement(NftValue.OfInterfaceName("eth0"), Verdict.Goto("c"))] };
        var table = new NftTable(NftFamily.Inet, "kn-test")
        {
            Sets = [ranges, timed, counted, verdicts],
            Chains = [NftChain.Of("c", NftRule.Of(Match.NfProto(IpFamily.V4), Statement.Add(counted, [Field.IpSource], expressions: [new Counter()])))],
        };

        _ns.Socket.Apply(new NftBatch().AddWhole(table));

        var listing = _ns.Nft("list", "ruleset");
        Assert.Contains("10.0.1.0/24 comment \"next door\"", listing, StringComparison.Ordinal);
        Assert.Contains("198.51.100.3-198.51.100.9", listing, StringComparison.Ordinal);
        Assert.Contains("240.0.0.0/4", listing, StringComparison.Ordinal);
        Assert.Contains("timeout 30m", listing, StringComparison.Ordinal);
        Assert.Contains("add @counted { ip saddr counter", listing, StringComparison.Ordinal);
        Assert.Contains("\"eth0\" : goto c", listing, StringComparison.Ordinal);
        AssertSame(table, _ns.Socket.ReadTable(NftFamily.Inet, "kn-test")!);

        // Each element can be deleted by what was read.
        _ns.Socket.Apply(new NftBatch().DeleteElements(Table, ranges, _ns.Socket.ReadElements(Table, ranges)));
        Assert.True(_ns.Socket.ReadElements(Table, ranges).IsEmpty);
    }

    private static NftElement Address(string address) => NftElement.Of(IpAddress.Parse(address));

    /// <summary>The kernel gives elements in any order; nft 1.0.6 sorts some sets only.</summary>
    private static string SortedElements(string listing) => string.Join('\n', listing.Split('\n').Select(line => line.Trim())
        .Aggregate(new List<string>(), (lines, line) =>
        {
            if (lines.Count > 0 && lines[^1].StartsWith("elements = {", StringComparison.Ordinal) && !lines[^1].EndsWith('}'))
            {
                lines[^1] += " " + line;
            }
            else
            {
                lines.Add(line);
            }

            return lines;
        })
        .Select(line => line.StartsWith("elements = {", StringComparison.Ordinal)
            ? "elements = { " + string.Join(", ", line["elements = {".Length..].TrimEnd('}').Split(',').Select(item => item.Trim()).Order(StringComparer.Ordinal)) + " }"
            : line));

    private static void AssertSame(NftTable expected, NftTable actual)
    {
        var (left, right) = (expected.AsDeclared(), actual.AsDeclared());
        Assert.Equal(left.Sets.Select(set => set.Name), right.Sets.Select(set => set.Name));
        foreach (var (a, b) in left.Sets.Zip(right.Sets))
        {
            Assert.Equal(a, b);
        }

        Assert.Equal(left.Chains.Select(chain => chain.Name), right.Chains.Select(chain => chain.Name));
        foreach (var (a, b) in left.Chains.Zip(right.Chains))
        {
            Assert.Equal(a.Rules.Select(rule => rule.ToString()), b.Rules.Select(rule => rule.ToString()));
            Assert.Equal(a, b);
        }

        Assert.Equal(left, right);
    }
}
