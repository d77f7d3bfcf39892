using System.Buffers.Binary;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>An element of one of the proxy's sets and maps.</summary>
/// <remarks>Values of <c>services</c> below <see cref="FirstList"/> are special kinds: a bit set that says which detour a VIP takes.</remarks>
internal readonly record struct ProxyElement(ProxySet Set, NftElement Element)
{
    /// <summary>The lowest number of a list or backend.</summary>
    public const uint FirstList = 16;

    /// <summary>Bit of a special kind: clients outside have another list.</summary>
    public const uint HasOutside = 1;

    /// <summary>Bit of a special kind: only some clients are permitted.</summary>
    public const uint HasRanges = 2;

    /// <summary>The key in <c>lists</c> whose data is the first number that was never given out: a restart goes on from there.</summary>
    public const uint NumbersKey = 8;

    /// <summary>Bit of a contested VIP's data, above the traits: only some clients are permitted.</summary>
    public const uint ContestedRanges = 0x100;

    /// <summary>The comment of an endpoint on this node.</summary>
    public const string OnNodeComment = "on this node";

    /// <summary>What tells this element from the others.</summary>
    public ElementIdentity Identity => new(Set, Element.Key);

    /// <summary>VIP: list, or a special kind.</summary>
    public static ProxyElement Service(Vip vip, uint value) => new(ProxySet.Services4.In(vip.Address.Family), new NftElement(Key(vip), NftValue.Of(value)));

    /// <summary>VIP of a special kind: list for pods and the node itself.</summary>
    public static ProxyElement Inner(Vip vip, uint list) => new(ProxySet.Inner4.In(vip.Address.Family), new NftElement(Key(vip), NftValue.Of(list)));

    /// <summary>VIP with policy Local: list for clients outside.</summary>
    public static ProxyElement Outside(Vip vip, uint list) => new(ProxySet.Outside4.In(vip.Address.Family), new NftElement(Key(vip), NftValue.Of(list)));

    /// <summary>A VIP that is always masqueraded.</summary>
    public static ProxyElement External(Vip vip) => new(ProxySet.External4.In(vip.Address.Family), new NftElement(Key(vip)));

    /// <summary>Permits clients of a prefix to use a VIP.</summary>
    public static ProxyElement Range(Vip vip, IpPrefix clients) => new(
        ProxySet.Ranges4.In(vip.Address.Family),
        new NftElement(RangeKey(vip, clients.Address)) { KeyEnd = RangeKey(vip, clients.Last) });

    /// <summary>A client of a VIP that a list waits for.</summary>
    /// <param name="vip">The VIP.</param>
    /// <param name="list">The list that it would lead pods to.</param>
    /// <param name="traits">How the VIP would be treated, and whether clients are permitted one by one (<see cref="ContestedRanges"/>).</param>
    /// <param name="clients">A permitted prefix; all addresses when there is no such limit.</param>
    public static ProxyElement Contested(Vip vip, uint list, uint traits, IpPrefix clients) => new(
        ProxySet.Contested4.In(vip.Address.Family),
        new NftElement(ContestedKey(vip, list, clients.Address), NftValue.Of(traits)) { KeyEnd = ContestedKey(vip, list, clients.Last) });

    /// <summary>A ClusterIP.</summary>
    public static ProxyElement ClusterIp(IpAddress address) => new(ProxySet.ClusterIps4.In(address.Family), NftElement.Of(address));

    /// <summary>An endpoint on this node.</summary>
    public static ProxyElement Hairpin(IpAddress address) => new(
        ProxySet.Hairpin4.In(address.Family),
        new NftElement(new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(address).Add(address).ToValue()));

    /// <summary>Addresses of pods.</summary>
    public static ProxyElement Inside(IpPrefix prefix) => new(ProxySet.Inside4.In(prefix.Family), NftElement.Of(prefix));

    /// <summary>Addresses of other nodes' pods.</summary>
    public static ProxyElement Elsewhere(IpPrefix prefix) => new(ProxySet.Elsewhere4.In(prefix.Family), NftElement.Of(prefix));

    /// <summary>A ClusterIP that another proxy serves.</summary>
    public static ProxyElement Foreign(IpAddress address) => new(ProxySet.Foreign4.In(address.Family), NftElement.Of(address));

    /// <summary>A prefix of ClusterIPs.</summary>
    public static ProxyElement ServiceCidr(IpPrefix prefix) => new(ProxySet.ServiceCidrs4.In(prefix.Family), NftElement.Of(prefix));

    /// <summary>List: class. The comment says whose list it is.</summary>
    public static ProxyElement List(uint number, uint balanceClass, string comment) =>
        new(ProxySet.Lists, new NftElement(NftValue.Of(number), NftValue.Of(balanceClass)) { Comment = comment });

    /// <summary>Numbers below this one were given out.</summary>
    public static ProxyElement Numbers(uint next) => List(NumbersKey, next, "numbers given out are below");

    /// <summary>List and slot: endpoint.</summary>
    public static ProxyElement Endpoint(uint list, int slot, EndpointAddress endpoint, bool isOnNode = false) =>
        new(ProxySet.Endpoints4.In(endpoint.Address.Family), To(endpoint, SlotKey(list, slot), isOnNode));

    /// <summary>List and slot: backend.</summary>
    public static ProxyElement Choice(uint list, int slot, uint backend) =>
        new(ProxySet.Choices, new NftElement(SlotKey(list, slot), NftValue.Of(backend)));

    /// <summary>Backend: endpoint.</summary>
    public static ProxyElement Backend(uint number, EndpointAddress endpoint, bool isOnNode = false) =>
        new(ProxySet.Backends4.In(endpoint.Address.Family), To(endpoint, NftValue.Of(number), isOnNode));

    private static NftElement To(EndpointAddress endpoint, NftValue key, bool isOnNode) =>
        new(key, Data(endpoint)) { Comment = isOnNode ? OnNodeComment : null };

    private static NftValue Key(Vip vip) => new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes])
        .Add(vip.Address).Add([(byte)vip.Protocol]).AddPort(vip.Port).ToValue();

    private static NftValue RangeKey(Vip vip, IpAddress client) => new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes])
        .Add(vip.Address).Add([(byte)vip.Protocol]).AddPort(vip.Port).Add(client).ToValue();

    /// <summary>nft holds the numbers of interval sets in network order, and lists them so.</summary>
    private static NftValue ContestedKey(Vip vip, uint list, IpAddress client)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(number, list);
        return new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes])
            .Add(vip.Address).Add([(byte)vip.Protocol]).AddPort(vip.Port).Add(number).Add(client).ToValue();
    }

    private static NftValue SlotKey(uint list, int slot) =>
        new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(list).Add((uint)slot).ToValue();

    private static NftValue Data(EndpointAddress endpoint) =>
        new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(endpoint.Address).AddPort(endpoint.Port).ToValue();
}

/// <summary>What tells one element from the others: the set it is in, and its key.</summary>
internal readonly record struct ElementIdentity(ProxySet Set, NftValue Key);
