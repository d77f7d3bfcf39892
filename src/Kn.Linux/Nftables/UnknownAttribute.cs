namespace Kn.Linux.Nftables;

/// <summary>A netlink attribute that Kn has no name for, kept as it came so that a comparison sees it.</summary>
/// <param name="Type">The attribute's number, without the nested flag.</param>
/// <param name="Value">Its bytes.</param>
public readonly record struct UnknownAttribute(ushort Type, NftValue Value);
