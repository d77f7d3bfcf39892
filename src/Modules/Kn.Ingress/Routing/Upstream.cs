namespace Kn.Ingress.Routing;

/// <summary>A port of a Service as routes lead to it: the same object for as long as routes do, while its endpoints come and go.</summary>
internal sealed class Upstream(BackendRef name)
{
    private UpstreamEndpoint[] _endpoints = [];
    private uint _turn;

    /// <summary>Which port of which Service.</summary>
    public BackendRef Name => name;

    /// <summary>The endpoints now.</summary>
    public IReadOnlyList<UpstreamEndpoint> Endpoints => Volatile.Read(ref _endpoints);

    /// <summary>Leads to these from now on.</summary>
    public void Set(UpstreamEndpoint[] endpoints) => Volatile.Write(ref _endpoints, endpoints);

    /// <summary>The endpoint for a request: the one that fewest wait for, those in turn that are equal.</summary>
    /// <param name="now">Milliseconds of the engine's clock.</param>
    /// <param name="tried">One that has just failed; taken only where there is no other.</param>
    /// <returns>Null when there are none.</returns>
    public UpstreamEndpoint? Choose(long now, UpstreamEndpoint? tried)
    {
        const int AllUpTo = 16;
        var endpoints = Volatile.Read(ref _endpoints);
        if (endpoints.Length <= 1)
        {
            return endpoints.Length == 0 ? null : endpoints[0];
        }

        // The best of a few at random places is nearly the best of all, and costs the same for a thousand.
        var turn = Interlocked.Increment(ref _turn);
        var first = endpoints.Length <= AllUpTo ? turn : Mix(turn);
        UpstreamEndpoint? best = null;
        var bestScore = long.MaxValue;
        for (uint step = 0; step < Math.Min(endpoints.Length, AllUpTo); step++)
        {
            var candidate = endpoints[(first + step) % (uint)endpoints.Length];
            var score = candidate.Outstanding + (ReferenceEquals(candidate, tried) ? 1L << 40 : 0) + (candidate.IsResting(now) ? 1L << 32 : 0);
            if (score < bestScore)
            {
                (best, bestScore) = (candidate, score);
            }
        }

        return best;
    }

    private static uint Mix(uint value)
    {
        value ^= value >> 16;
        value *= 0x7FEB352D;
        value ^= value >> 15;
        value *= 0x846CA68B;
        return value ^ (value >> 16);
    }
}
