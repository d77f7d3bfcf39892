using Kn.Linux.Nftables;

namespace Kn.Cni.PortMaps;

/// <summary>An element of one of the sets of <see cref="PortMapSchema"/>.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Element">The element; its comment says whose it is.</param>
public readonly record struct PortMapElement(string Set, NftElement Element);
