namespace Kn.Linux.Conntrack;

/// <summary>A tracked flow.</summary>
/// <param name="Original">As its first packet was sent: the destination is the Service's address.</param>
/// <param name="Reply">As its answers are expected: the source is the endpoint that was chosen.</param>
/// <param name="Status">What the kernel knows of it.</param>
/// <param name="Mark">Its mark.</param>
/// <param name="Zone">Its zone; 0 is the default one.</param>
/// <param name="Id">Tells it from a later flow of the same tuple.</param>
/// <param name="TimeoutSeconds">When the kernel forgets it, if no packet comes.</param>
public readonly record struct ConntrackFlow(
    ConntrackTuple Original, ConntrackTuple Reply, ConntrackStatus Status, uint Mark, ushort Zone, uint Id, uint TimeoutSeconds)
{
    /// <summary>Both directions, as conntrack(8) prints them.</summary>
    public override string ToString() => $"{Original} {Reply} [{Status}]";
}
