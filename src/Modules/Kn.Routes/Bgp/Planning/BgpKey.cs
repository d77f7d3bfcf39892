using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>What names a piece of what this node says and to whom.</summary>
internal readonly record struct BgpKey(BgpKeyKind Kind, IpPrefix Prefix)
{
    /// <summary>The speaker itself.</summary>
    public static BgpKey Speaker { get; } = new(BgpKeyKind.Speaker, default);

    /// <summary>A peer, by its address.</summary>
    public static BgpKey Peer(IpAddress address) => new(BgpKeyKind.Peer, IpPrefix.Of(address));

    /// <summary>A prefix that peers are told.</summary>
    public static BgpKey Route(IpPrefix prefix) => new(BgpKeyKind.Route, prefix);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        BgpKeyKind.Speaker => "speaker",
        BgpKeyKind.Peer => $"peer {Prefix.Address}",
        _ => $"prefix {Prefix}",
    };
}

/// <summary>The kinds.</summary>
internal enum BgpKeyKind
{
    /// <summary>The speaker itself.</summary>
    Speaker,

    /// <summary>A peer.</summary>
    Peer,

    /// <summary>A prefix that peers are told.</summary>
    Route,
}
