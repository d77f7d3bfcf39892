using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.ServiceProxy.Tables;

/// <summary>The chain of a class: picks one of the list's endpoints. Pure.</summary>
/// <remarks>A packet that meets a batch between two look-ups finds no endpoint in a slot that has just gone; the second DNAT rule takes
/// the first slot then, and a packet that finds no endpoint at all is dropped, never sent on without translation.</remarks>
internal static class ClassChain
{
    /// <summary>The same on every node, so that a client gets the same endpoint wherever it comes in.</summary>
    private const uint HashSeed = 0x6B6E;

    /// <summary>The chain.</summary>
    public static NftChain Of(BalanceClass balanceClass) =>
        balanceClass.AffinitySeconds == 0 ? WithoutAffinity(balanceClass) : Affinity(balanceClass);

    private static NftChain WithoutAffinity(BalanceClass balanceClass) => NftChain.Of(
        balanceClass.ChainName,
        NftRule.Of(Verdict.Jump(Resolve(balanceClass))),
        ToEndpoint(balanceClass, Slot(balanceClass)),
        ToEndpoint(balanceClass, Field.RoundRobin(1)),
        NftRule.Of(Verdict.Drop));

    private static Field Slot(BalanceClass balanceClass) => balanceClass.Method switch
    {
        BalanceMethod.RoundRobin => Field.RoundRobin((uint)balanceClass.Length),
        BalanceMethod.SourceHash => Field.Hash((uint)balanceClass.Length, HashSeed, Field.Source(balanceClass.Family)),
        BalanceMethod.DestinationHash => Field.Hash((uint)balanceClass.Length, HashSeed, Field.Destination(balanceClass.Family)),
        _ => Field.Random((uint)balanceClass.Length),
    };

    private static NftRule ToEndpoint(BalanceClass balanceClass, Field slot) => NftRule.Of(
        Match.L4Protocol((IpProtocol)balanceClass.Protocol),
        Match.NfProto(balanceClass.Family),
        Statement.Dnat(ProxySchema.MapOf(ProxySet.Endpoints4.In(balanceClass.Family)), Field.Priority, slot));

    /// <summary>A client that is remembered gets its backend while that exists; otherwise a new one, and it is remembered. When
    /// several packets of a new client race, the second look-up makes all of them take what the first of them wrote.</summary>
    private static NftChain Affinity(BalanceClass balanceClass)
    {
        var family = balanceClass.Family;
        var map = family == IpFamily.V6 ? ProxySchema.Affinity6 : ProxySchema.Affinity4;
        ValueList<Field> client = [Field.Source(family), .. ProxySchema.Vip(family)];
        var remember = Statement.Update(map, client, TimeSpan.FromSeconds(balanceClass.AffinitySeconds), [Field.Priority]);
        var forget = NftRule.Of(Statement.Delete(map, client, [Field.Priority]));
        var resolve = NftRule.Of(Verdict.Jump(Resolve(balanceClass)));
        var remembered = Statement.SetPriority(map, client.AsSpan());
        return NftChain.Of(
            balanceClass.ChainName,
            NftRule.Of(remembered, remember, Match.L4Protocol((IpProtocol)balanceClass.Protocol), ToBackend(family)),
            forget,
            resolve,
            NftRule.Of(Choose(Field.Random((uint)balanceClass.Length)), remember),
            NftRule.Of(remembered),
            NftRule.Of(Match.NfProto(family), Match.L4Protocol((IpProtocol)balanceClass.Protocol), ToBackend(family)),
            forget,
            resolve,
            NftRule.Of(Choose(Field.RoundRobin(1)), remember),
            NftRule.Of(Match.NfProto(family), Match.L4Protocol((IpProtocol)balanceClass.Protocol), ToBackend(family)),
            NftRule.Of(Verdict.Drop));
    }

    private static RuleTerm Choose(Field slot) => Statement.SetPriority(ProxySchema.MapOf(ProxySet.Choices), Field.Priority, slot);

    private static RuleTerm ToBackend(IpFamily family) => Statement.Dnat(ProxySchema.MapOf(ProxySet.Backends4.In(family)), Field.Priority);

    private static string Resolve(BalanceClass balanceClass) => balanceClass.Family == IpFamily.V6 ? "resolve6" : "resolve4";
}
