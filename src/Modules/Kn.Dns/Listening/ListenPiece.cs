namespace Kn.Dns.Listening;

/// <summary>What there is of an address that is served.</summary>
/// <param name="IsOnLink">Kn has given it to the node, on its link.</param>
/// <param name="IsUntracked">Its queries pass connection tracking, and so the Services' address translation, by.</param>
/// <param name="IsServed">Sockets are bound to it.</param>
internal sealed record ListenPiece(bool IsOnLink, bool IsUntracked, bool IsServed)
{
    /// <summary>An address of the cluster's DNS, which belongs to nobody else.</summary>
    public static ListenPiece Own { get; } = new(IsOnLink: true, IsUntracked: true, IsServed: true);

    /// <summary>An address that the node has anyway.</summary>
    public static ListenPiece OfNode { get; } = new(IsOnLink: false, IsUntracked: false, IsServed: true);
}
