using Kn.Linux.Nftables;

namespace Kn.Policy.Tables;

/// <summary>Where the table is: the kernel, or a test's memory.</summary>
internal interface IPolicyTable
{
    /// <summary>The table, without what packets fill; null where there is none.</summary>
    NftTable? Read();

    /// <summary>Does all of the batch or nothing.</summary>
    /// <exception cref="NftException">The kernel refused it.</exception>
    void Apply(NftBatch batch);

    /// <summary>Deletes the table, if it is there.</summary>
    void Remove();
}
