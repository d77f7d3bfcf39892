using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A transaction that somebody made, or the notice that some of them went unseen.</summary>
/// <param name="Generation">The number after the change, and who made it. With <see cref="IsOverflow"/> it is the default value.</param>
/// <param name="Tables">The tables in which something changed, once each, in the order they were touched.</param>
public sealed record NftChange(NftGeneration Generation, ValueList<NftTableId> Tables)
{
    /// <summary>Events were lost, or could not be understood: read again what matters.</summary>
    public bool IsOverflow { get; init; }

    /// <summary>The event for lost events.</summary>
    public static NftChange Overflow { get; } = new(default, default) { IsOverflow = true };

    /// <summary>True where this table may have changed: it was touched, or events were lost.</summary>
    public bool Touches(NftTableId table)
    {
        if (IsOverflow)
        {
            return true;
        }

        foreach (var touched in Tables)
        {
            if (touched == table)
            {
                return true;
            }
        }

        return false;
    }
}
