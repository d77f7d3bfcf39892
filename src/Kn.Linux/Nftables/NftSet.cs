using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A named set of keys; <see cref="NftMap"/> gives each key data or a verdict.</summary>
public record NftSet(string Name, NftKey Key)
{
    /// <summary>What the set is for; the flags of maps and concatenations are added by the codec.</summary>
    public NftSetFlags Flags { get; init; }

    /// <summary>The most elements it may hold, 0 for no limit (dynamic sets then get the kernel's 65,535).</summary>
    public uint MaxElements { get; init; }

    /// <summary>How long elements without a timeout of their own live; zero for ever.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>How often expired elements are looked for; zero for the kernel's default. nft 1.0.6 lists this but cannot read it again.</summary>
    public TimeSpan GcInterval { get; init; }

    /// <summary>Whether to prefer speed (the default) or memory when the kernel chooses the kind of set.</summary>
    public NftSetPolicy Policy { get; init; }

    /// <summary>The comment in the set's user data.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number of this set, 0 where it was not read from the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>Counters and the like that every element gets.</summary>
    public ValueList<NftExpression> Expressions { get; init; }

    /// <summary>The elements; the kernel has no order for them.</summary>
    public ValueList<NftElement> Elements { get; init; }

    /// <summary>Attributes of the kernel that this type has no property for.</summary>
    public ValueList<UnknownAttribute> Unknown { get; init; }

    /// <summary>True for a set of intervals with a single field, which the kernel holds as starts and ends.</summary>
    internal bool HoldsStartsAndEnds => Flags.HasFlag(NftSetFlags.Interval) && Key.Fields.Count == 1;

    internal virtual NftSet AsDeclared() => this with
    {
        Handle = 0,
        Unknown = default,
        Expressions = Expressions.Select(static expression => expression.AsDeclared()).ToValueList(),
        Elements = Elements.Select(static element => element.AsDeclared())
            .OrderBy(static element => element.Key).ThenBy(static element => element.KeyEnd).ToValueList(),
    };
}

/// <summary>A named map from keys to data, or to verdicts where <paramref name="Data"/> is null.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">The fields of a key.</param>
/// <param name="Data">The fields of the data; null for a verdict map.</param>
public sealed record NftMap(string Name, NftKey Key, NftKey? Data) : NftSet(Name, Key)
{
    /// <summary>True where elements carry verdicts.</summary>
    public bool IsVerdictMap => Data is null;
}

/// <summary>What a set is for.</summary>
/// <remarks>enum nft_set_flags, uapi/linux/netfilter/nf_tables.h; NFT_SET_MAP and NFT_SET_CONCAT are not here because
/// they follow from the type of the set and of its key.</remarks>
[Flags]
public enum NftSetFlags : uint
{
    /// <summary>Keys that user space adds and deletes.</summary>
    None = 0,

    /// <summary>Belongs to one rule and goes away with it.</summary>
    Anonymous = 0x1,

    /// <summary>No change once a rule uses it.</summary>
    Constant = 0x2,

    /// <summary>Holds ranges.</summary>
    Interval = 0x4,

    /// <summary>Elements may expire.</summary>
    Timeout = 0x10,

    /// <summary>Rules add, update and delete elements.</summary>
    Dynamic = 0x20,

    /// <summary>Maps to stateful objects.</summary>
    Object = 0x40,

    /// <summary>Elements carry expressions.</summary>
    Expressions = 0x100,
}

/// <summary>What the kernel prefers when it chooses the kind of set.</summary>
public enum NftSetPolicy
{
    /// <summary>Speed.</summary>
    Performance,

    /// <summary>Memory.</summary>
    Memory,
}
