using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>Which neighbours to read; null leaves a property open.</summary>
/// <param name="Family">One family.</param>
/// <param name="LinkIndex">On this link.</param>
/// <param name="Proxies">Read the proxy entries, which the kernel keeps apart, in place of the real ones.</param>
public sealed record NeighbourFilter(IpFamily? Family = null, int? LinkIndex = null, bool Proxies = false);
