using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A table with everything in it, as declared or as read from the kernel.</summary>
/// <remarks>Sets come before the chains that use them and chains before the elements that name them when a whole table is
/// added to a batch; the order inside each list is the kernel's: order of creation.</remarks>
public sealed record NftTable(NftFamily Family, string Name)
{
    /// <summary>Family and name.</summary>
    public NftTableId Id => new(Family, Name);

    /// <summary>NFT_TABLE_F_*: dormant, owner.</summary>
    public NftTableFlags Flags { get; init; }

    /// <summary>The comment in the table's user data; null where there is none.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number of this table; 0 for a table that was not read from the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>Sets and maps (<see cref="NftMap"/>), with their elements.</summary>
    public ValueList<NftSet> Sets { get; init; }

    /// <summary>Base and regular chains, with their rules.</summary>
    public ValueList<NftChain> Chains { get; init; }

    /// <summary>Attributes of the kernel that this type has no property for.</summary>
    public ValueList<UnknownAttribute> Unknown { get; init; }

    /// <summary>The set or map of that name, or null.</summary>
    public NftSet? FindSet(string name)
    {
        foreach (var set in Sets)
        {
            if (string.Equals(set.Name, name, StringComparison.Ordinal))
            {
                return set;
            }
        }

        return null;
    }

    /// <summary>The chain of that name, or null.</summary>
    public NftChain? FindChain(string name)
    {
        foreach (var chain in Chains)
        {
            if (string.Equals(chain.Name, name, StringComparison.Ordinal))
            {
                return chain;
            }
        }

        return null;
    }

    /// <summary>This table as one would declare it: without handles, counts, remaining lifetimes and unknown attributes,
    /// elements sorted by key. Two tables that mean the same are equal in this form.</summary>
    public NftTable AsDeclared() => this with
    {
        Handle = 0,
        Unknown = default,
        Sets = Sets.Select(static set => set.AsDeclared()).ToValueList(),
        Chains = Chains.Select(static chain => chain.AsDeclared()).ToValueList(),
    };
}
