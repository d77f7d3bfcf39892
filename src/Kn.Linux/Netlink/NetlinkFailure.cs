namespace Kn.Linux.Netlink;

/// <summary>One message of a batch that the kernel refused.</summary>
/// <param name="Index">Its position in the batch, from 0.</param>
/// <param name="Error">Why.</param>
public readonly record struct NetlinkFailure(int Index, NetlinkException Error);
