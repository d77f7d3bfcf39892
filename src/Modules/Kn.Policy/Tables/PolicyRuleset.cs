using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.Policy.Tables;

/// <summary>The table <c>inet kn-policy</c> as it is on a node without pods. Pure. docs/design/policy.md draws it.</summary>
/// <remarks>
/// <para>A check says yes by leaving 0:1 in the packet's priority, a scratch register that is put back to 0 at the end. Whatever else happens –
/// no element, an empty chain, a chain's end – is a no: what is missing never opens anything.</para>
/// <para>A decided connection carries the generation that decided it in the upper half of its mark. The first rule accepts what this generation
/// decided. A change that takes something away raises the generation in the same transaction: connections that go on are judged once
/// more, by the addresses of their first packet.</para>
/// </remarks>
internal static class PolicyRuleset
{
    /// <summary>The chain of pods that nothing isolates.</summary>
    public const string OpenChain = "open";

    /// <summary>The chain that says what the profile in the priority allows.</summary>
    public const string PortsChain = "ports";

    /// <summary>The prefix of logged packets that a pod's ingress policies dropped.</summary>
    public const string IngressLogPrefix = "kn-policy log-in";

    /// <summary>The prefix of logged packets that a pod's egress policies dropped.</summary>
    public const string EgressLogPrefix = "kn-policy log-out";

    /// <summary>Bits of the connection mark that hold the generation.</summary>
    private const int GenerationShift = 16;

    private const ushort DnsPort = 53;
    private const uint DropsLoggedPerSecond = 50;
    private const uint DropsLoggedAtOnce = 100;
    private const uint LoggedBytes = 128;
    private const string AllowChain = "allow";
    private const string DecideChain = "decide";
    private const string FromPodChain = "from-pod";
    private const string AnswerChain = "answer";
    private const string AnswerFromPodChain = "answer-from-pod";
    private const string NoEntryChain = "no-entry";
    private const string CheckOutChain = "check-out";
    private const string CheckInChain = "check-in";

    /// <summary>What names the table.</summary>
    public static NftTableId TableId { get; } = new(NftFamily.Inet, NodeResources.PolicyTable);

    /// <summary>The static part.</summary>
    /// <param name="generation">The generation, 1 to 65535.</param>
    /// <param name="options">The options that change rules.</param>
    /// <param name="isHooked">Whether packets come by. Without it the table is as complete as with it, and costs packets nothing.</param>
    public static NftTable Static(ushort generation, PolicyOptions options, bool isHooked) => new(TableId.Family, TableId.Name)
    {
        Comment = PolicyLayout.Version(options),
        Sets = PolicySchema.All,
        Chains = ((NftChain[])
        [
            Who(WhoChain(Planning.PolicyDirection.Egress), ConnectionDirection.Reply),
            Who(WhoChain(Planning.PolicyDirection.Ingress), ConnectionDirection.Original),
            Ports(),
            NftChain.Of(OpenChain, NftRule.Of(Statement.SetPriority(Peers.Profile.YesNumber))),
            Log("log-out", EgressLogPrefix, options),
            Log("log-in", IngressLogPrefix, options),
            Drop("drop-out", "log-out", PolicySchema.DropsOut, ConnectionDirection.Original),
            Drop("drop-in", "log-in", PolicySchema.DropsIn, ConnectionDirection.Reply),
            Subject("egress", PolicySchema.Out, ConnectionDirection.Original),
            Subject("ingress", PolicySchema.In, ConnectionDirection.Reply),
            Check(CheckOutChain, "egress", "drop-out"),
            Check(CheckInChain, "ingress", "drop-in"),
            .. NoEntry(),
            .. Decide(),
            Allow(generation),
            .. isHooked ? Hooks(generation, options) : [],
        ]).ToValueList(),
    };

    /// <summary>The chains that name the generation.</summary>
    public static NftChain[] Generation(ushort generation, PolicyOptions options, bool isHooked) => [Allow(generation), .. isHooked ? Hooks(generation, options) : []];

    /// <summary>The chains that packets come by.</summary>
    public static NftChain[] Hooks(ushort generation, PolicyOptions options) =>
        options.GuardOwnNode ? [Forward(generation), Input(generation)] : [Forward(generation)];

    /// <summary>The generation of a table that was read; null where its rules are not Kn's.</summary>
    public static ushort? GenerationOf(NftTable table)
    {
        foreach (var rule in table.FindChain(AllowChain)?.Rules ?? default)
        {
            foreach (var expression in rule.Expressions)
            {
                if (expression is Bitwise { Xor.Length: sizeof(uint) } bitwise)
                {
                    return (ushort)(bitwise.Xor.ToUInt32() >> GenerationShift);
                }
            }
        }

        return null;
    }

    /// <summary>The chain that finds the identity of the other end.</summary>
    public static string WhoChain(Planning.PolicyDirection direction) => direction == Planning.PolicyDirection.Egress ? "who-out" : "who-in";

    private static NftRule Jump(string chain) => NftRule.Of(Verdict.Jump(chain));

    private static NftRule Goto(string chain) => NftRule.Of(Verdict.Goto(chain));

    private static NftRule Clear() => NftRule.Of(Statement.SetPriority(Peers.Profile.NoNumber));

    private static NftRule UnlessYes(string chain) =>
        NftRule.Of(Match.NotEqual(Field.Priority, NftValue.Of(Peers.Profile.YesNumber)), Verdict.Goto(chain));

    private static NftChain Who(string name, ConnectionDirection direction) => NftChain.Of(
        name,
        Clear(),
        NftRule.Of(Statement.SetPriority(PolicySchema.Who.V4, Field.CtSource(direction, IpFamily.V4)), Verdict.Return),
        NftRule.Of(Statement.SetPriority(PolicySchema.Net.V4, Field.CtSource(direction, IpFamily.V4)), Verdict.Return),
        NftRule.Of(Statement.SetPriority(PolicySchema.Who.V6, Field.CtSource(direction, IpFamily.V6)), Verdict.Return),
        NftRule.Of(Statement.SetPriority(PolicySchema.Net.V6, Field.CtSource(direction, IpFamily.V6)), Verdict.Return));

    /// <summary>The receiving pod's port stands in the tuple of the answers, after every translation, whichever way this packet goes.</summary>
    private static NftChain Ports()
    {
        var port = Field.CtSourcePort(ConnectionDirection.Reply);
        var yes = Statement.SetPriority(Peers.Profile.YesNumber);
        return NftChain.Of(
            PortsChain,
            NftRule.Of(Match.Equal(Field.Priority, NftValue.Of(Peers.Profile.YesNumber)), Verdict.Return),
            NftRule.Of(Match.InSet(PolicySchema.Protocol, Field.Priority, Field.L4Protocol), yes, Verdict.Return),
            NftRule.Of(Match.InSet(PolicySchema.Port, Field.Priority, Field.L4Protocol, port), yes, Verdict.Return),
            NftRule.Of(Match.InSet(PolicySchema.Range, Field.InNetworkOrder(Field.Priority), Field.L4Protocol, port), yes));
    }

    private static NftChain Log(string name, string prefix, PolicyOptions options) => options.LogDrops
        ? NftChain.Of(
            name,
            NftRule.Of(
                Statement.LimitRate(DropsLoggedPerSecond, DropsLoggedAtOnce),
                Statement.LogToGroup(NodeResources.PolicyDropLog, prefix, LoggedBytes)),
            NftRule.Of(Verdict.Drop))
        : NftChain.Of(name, NftRule.Of(Verdict.Drop));

    private static NftChain Drop(string name, string log, PerFamily<NftSet> drops, ConnectionDirection subject) => NftChain.Of(
        name,
        Clear(),
        ToItself(IpFamily.V4),
        ToItself(IpFamily.V6),
        NftRule.Of(Statement.Update(drops.V4, [Field.CtSource(subject, IpFamily.V4)], expressions: [Statement.Counter()])),
        NftRule.Of(Statement.Update(drops.V6, [Field.CtSource(subject, IpFamily.V6)], expressions: [Statement.Counter()])),
        Goto(log));

    private static NftRule ToItself(IpFamily family) => NftRule.Of(
        Match.InSet(PolicySchema.Self[family], Field.CtSource(ConnectionDirection.Original, family), Field.CtSource(ConnectionDirection.Reply, family)),
        Verdict.Goto(AllowChain));

    /// <summary>An address that is not listed comes back without a yes: nobody gets packets to or from a pod before its policies are here.</summary>
    private static NftChain Subject(string name, PerFamily<NftMap> chains, ConnectionDirection subject) => NftChain.Of(
        name,
        NftRule.Of(Statement.VerdictMap(chains.V4, Field.CtSource(subject, IpFamily.V4))),
        NftRule.Of(Statement.VerdictMap(chains.V6, Field.CtSource(subject, IpFamily.V6))));

    private static NftChain Check(string name, string subject, string drop) =>
        NftChain.Of(name, Clear(), NftRule.Of(Verdict.Jump(subject)), UnlessYes(drop));

    /// <summary>Packets that conntrack makes no connection of. Neighbour discovery is one of them (RFC 4861 §4: types 133 to 137), and passes. For the
    /// rest there is nothing to go by but the pod: it passes where everybody may use every port.</summary>
    private static NftChain[] NoEntry() =>
    [
        NftChain.Of(
            NoEntryChain,
            NftRule.Of(Match.L4Protocol(IpProtocol.Icmpv6), Match.InRange(Field.Icmpv6Type, NftValue.Of((byte)133), NftValue.Of((byte)137)), Verdict.Accept),
            NftRule.Of(Match.InSet(PolicySchema.PodLinks, Field.InputGroup), Verdict.Jump("no-entry-out")),
            NftRule.Of(Match.InSet(PolicySchema.PodLinks, Field.OutputGroup), Verdict.Jump("no-entry-in")),
            Clear(),
            NftRule.Of(Verdict.Accept)),
        NftChain.Of("no-entry-out", Clear(), NftRule.Of(Verdict.Jump("bare-egress")), UnlessYes("unwanted-out")),
        NftChain.Of("no-entry-in", Clear(), NftRule.Of(Verdict.Jump("bare-ingress")), UnlessYes("unwanted-in")),
        NftChain.Of("unwanted-out", Clear(), Goto("log-out")),
        NftChain.Of("unwanted-in", Clear(), Goto("log-in")),
        Bare("bare-egress", PolicySchema.Out, Field.Source),
        Bare("bare-ingress", PolicySchema.In, Field.Destination),
    ];

    private static NftChain Bare(string name, PerFamily<NftMap> chains, Func<IpFamily, Field> subject) => NftChain.Of(
        name,
        NftRule.Of(Match.NfProto(IpFamily.V4), Statement.VerdictMap(chains.V4, subject(IpFamily.V4))),
        NftRule.Of(Match.NfProto(IpFamily.V6), Statement.VerdictMap(chains.V6, subject(IpFamily.V6))));

    /// <summary>Both ends of a connection may be here. An answer goes the other way through the same two checks, which ask for the first packet's
    /// addresses. What no pod sends or gets is none of ours, and stays without a mark.</summary>
    private static NftChain[] Decide()
    {
        var fromPod = Match.InSet(PolicySchema.PodLinks, Field.InputGroup);
        var toPod = Match.InSet(PolicySchema.PodLinks, Field.OutputGroup);
        var notToPod = NftRule.Of(Match.NotInSet(PolicySchema.PodLinks, Field.OutputGroup), Verdict.Accept);
        return
        [
            NftChain.Of(FromPodChain, Jump(CheckOutChain), NftRule.Of(toPod, Verdict.Jump(CheckInChain)), Goto(AllowChain)),
            NftChain.Of(AnswerFromPodChain, NftRule.Of(toPod, Verdict.Jump(CheckOutChain)), Jump(CheckInChain), Goto(AllowChain)),
            NftChain.Of(AnswerChain, NftRule.Of(fromPod, Verdict.Goto(AnswerFromPodChain)), notToPod, Jump(CheckOutChain), Goto(AllowChain)),
            NftChain.Of(
                DecideChain,
                NftRule.Of(Match.CtDirection(ConnectionDirection.Reply), Verdict.Goto(AnswerChain)),
                NftRule.Of(fromPod, Verdict.Goto(FromPodChain)),
                notToPod,
                Jump(CheckInChain),
                Goto(AllowChain)),
        ];
    }

    private static NftChain Allow(ushort generation) => NftChain.Of(
        AllowChain,
        Clear(),
        NftRule.Of(Statement.SetCtMark(NodeResources.PolicyConnectionMask, (uint)generation << GenerationShift), Verdict.Accept));

    private static NftRule Decided(ushort generation) =>
        NftRule.Of(Match.Masked(Field.CtMark, NodeResources.PolicyConnectionMask, (uint)generation << GenerationShift), Verdict.Accept);

    /// <summary>What a helper of conntrack announced, and errors of allowed connections, pass at the end.</summary>
    private static NftChain Forward(ushort generation) =>
        NftChain.Base("forward", NftChainType.Filter, NftHookPoint.Forward, NodeResources.PolicyFilterPriority).With(
            Decided(generation),
            NftRule.Of(Match.CtState(ConnectionState.New | ConnectionState.Established), Match.CtStatusNot(ConnectionStatus.Expected), Verdict.Goto(DecideChain)),
            NftRule.Of(Match.CtState(ConnectionState.Invalid | ConnectionState.Untracked), Verdict.Goto(NoEntryChain)),
            NftRule.Of(Verdict.Accept));

    /// <summary>From pods to the node itself, where the config wants that judged. Answers to the node's own connections pass, and DNS, which the node
    /// serves its pods.</summary>
    private static NftChain Input(ushort generation) =>
        NftChain.Base("input", NftChainType.Filter, NftHookPoint.Input, NodeResources.PolicyFilterPriority).With(
            NftRule.Of(Match.NotInSet(PolicySchema.PodLinks, Field.InputGroup), Verdict.Accept),
            Decided(generation),
            NftRule.Of(Match.CtDirection(ConnectionDirection.Reply), Verdict.Accept),
            NftRule.Of(Match.CtState(ConnectionState.Related), Verdict.Accept),
            NftRule.Of(Match.L4Protocol(IpProtocol.Udp), Match.DestinationPort(DnsPort), Verdict.Accept),
            NftRule.Of(Match.L4Protocol(IpProtocol.Tcp), Match.DestinationPort(DnsPort), Verdict.Accept),
            NftRule.Of(Match.CtState(ConnectionState.Invalid | ConnectionState.Untracked), Verdict.Goto(NoEntryChain)),
            NftRule.Of(Verdict.Jump(CheckOutChain)),
            Goto(AllowChain));
}
