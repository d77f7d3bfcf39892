namespace Kn.Linux.Nftables;

/// <summary>What became of a batch.</summary>
public enum NftOutcome
{
    /// <summary>All of it is done; every packet from now on sees it.</summary>
    Applied,

    /// <summary>Nothing of it is done: somebody changed the ruleset since <see cref="NftBatch.ExpectedGeneration"/>. Read again and try again.</summary>
    GenerationChanged,
}
