using Kn.Primitives;

namespace Kn.Ingress.Routing;

/// <summary>A program that answers requests, at one address and port: shared by all routes that lead to it, and by all threads.</summary>
internal sealed class UpstreamEndpoint(IpAddress address, ushort port, UpstreamTls? tls = null)
{
    private int _outstanding;
    private long _restUntil;
    private bool _isRetired;

    /// <summary>Its address.</summary>
    public IpAddress Address => address;

    /// <summary>Its port.</summary>
    public ushort Port => port;

    /// <summary>What cookies and hashes know it by.</summary>
    public ulong Id { get; } = Features.EndpointHash.Of(address, port);

    /// <summary>How TLS is spoken to it; null where it is spoken to in the clear. A program that is spoken to in two ways is two endpoints, so that
    /// connections are never taken for one another.</summary>
    public UpstreamTls? Tls => tls;

    /// <summary>How many requests wait for it.</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>Whether no route leads to it any more: connections to it are not kept.</summary>
    public bool IsRetired
    {
        get => Volatile.Read(ref _isRetired);
        set => Volatile.Write(ref _isRetired, value);
    }

    /// <summary>A request goes to it.</summary>
    public void Begin() => Interlocked.Increment(ref _outstanding);

    /// <summary>A request has come back, or never will.</summary>
    public void End() => Interlocked.Decrement(ref _outstanding);

    /// <summary>It could not be reached: while others can be, it is left alone.</summary>
    /// <param name="until">Until when, in milliseconds of the engine's clock.</param>
    public void Rest(long until) => Volatile.Write(ref _restUntil, until);

    /// <summary>Whether it is left alone.</summary>
    public bool IsResting(long now) => now < Volatile.Read(ref _restUntil);

    /// <inheritdoc/>
    public override string ToString() => address.Family == IpFamily.V6 ? $"[{address}]:{port}" : $"{address}:{port}";
}
