namespace Kn.Linux.Nftables;

/// <summary>What names a table: the same name may exist once in each family.</summary>
public readonly record struct NftTableId(NftFamily Family, string Name)
{
    /// <summary>As nft writes it: <c>inet kn-proxy</c>.</summary>
    public override string ToString() => $"{NftNames.Of(Family)} {Name}";
}
