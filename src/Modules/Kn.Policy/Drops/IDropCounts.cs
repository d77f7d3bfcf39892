using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Drops;

/// <summary>Where the table counts what it drops: the kernel, or a test's memory.</summary>
internal interface IDropCounts
{
    /// <summary>The counts of all pods that lost a packet lately.</summary>
    IReadOnlyList<DropCount> Read();
}

/// <summary>Packets of a pod that were dropped.</summary>
/// <param name="Direction">By which of its policies.</param>
/// <param name="Address">Its address.</param>
/// <param name="Packets">How many, since the table has counted them.</param>
internal readonly record struct DropCount(PolicyDirection Direction, IpAddress Address, ulong Packets);
