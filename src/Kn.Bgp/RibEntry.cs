using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>One path to one prefix, with what was made of it.</summary>
/// <param name="Prefix">The prefix.</param>
/// <param name="Route">The path.</param>
/// <param name="IsBest">The one that others are told.</param>
/// <param name="IsInUse">One of those that packets take.</param>
/// <param name="IsRejected">Left out by the import policy, or because it came in a loop.</param>
public sealed record RibEntry(IpPrefix Prefix, BgpRoute Route, bool IsBest, bool IsInUse, bool IsRejected);
