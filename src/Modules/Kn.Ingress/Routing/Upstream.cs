namespace Kn.Ingress.Routing;

/// <summary>A port of a Service as routes lead to it: the same object for as long as routes do, while its endpoints come and go.</summary>
internal sealed class Upstream(BackendRef name)
{
    private UpstreamEndpoint[] _endpoints = [];
    private uint _turn;

    /// <summary>Which port of which Service.</summary>
    public BackendRef Name => name;

    /// <summary>Counts requests that went there; null where nobody counts.</summary>
    public Traffic.TrafficCounters? Traffic { get; set; }

    /// <summary>The endpoints now.</summary>
    public IReadOnlyList<UpstreamEndpoint> Endpoints => Volatile.Read(ref _endpoints);

    /// <summary>Leads to these from now on.</summary>
    public void Set(UpstreamEndpoint[] endpoints) => Volatile.Write(ref _endpoints, endpoints);

    /// <summary>Whether an endpoint is among them.</summary>
    public bool Has(ulong id)
    {
        foreach (var endpoint in Volatile.Read(ref _endpoints))
        {
            if (endpoint.Id == id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The endpoint for a request: the one that it asks for, or that its hash leads to, or that fewest wait for.</summary>
    /// <returns>Null when there are none.</returns>
    public UpstreamEndpoint? Choose(in EndpointChoice choice)
    {
        var endpoints = Volatile.Read(ref _endpoints);
        if (endpoints.Length <= 1)
        {
            return endpoints.Length == 0 ? null : endpoints[0];
        }

        if (choice.Wanted != 0 && Wanted(endpoints, choice) is { } wanted)
        {
            return wanted;
        }

        return choice.Hash is { } hash ? ByHash(endpoints, hash, choice) : ByLoad(endpoints, choice);
    }

    private static UpstreamEndpoint? Wanted(UpstreamEndpoint[] endpoints, in EndpointChoice choice)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Id == choice.Wanted)
            {
                return ReferenceEquals(endpoint, choice.Tried) || endpoint.IsResting(choice.Now) ? null : endpoint;
            }
        }

        return null;
    }

    private static UpstreamEndpoint ByHash(UpstreamEndpoint[] endpoints, ulong hash, in EndpointChoice choice)
    {
        var best = endpoints[0];
        var bestScore = (Penalty: int.MaxValue, Weight: 0UL);
        foreach (var candidate in endpoints)
        {
            var penalty = (ReferenceEquals(candidate, choice.Tried) ? 2 : 0) + (candidate.IsResting(choice.Now) ? 1 : 0);
            var weight = Features.EndpointHash.Weigh(hash, candidate.Id);
            if (penalty < bestScore.Penalty || (penalty == bestScore.Penalty && weight > bestScore.Weight))
            {
                (best, bestScore) = (candidate, (penalty, weight));
            }
        }

        return best;
    }

    /// <summary>The one that fewest wait for, those in turn that are equal; or just in turn.</summary>
    private UpstreamEndpoint? ByLoad(UpstreamEndpoint[] endpoints, in EndpointChoice choice)
    {
        const int AllUpTo = 16;

        // The best of a few at random places is nearly the best of all, and costs the same for a thousand.
        var turn = Interlocked.Increment(ref _turn);
        var first = endpoints.Length <= AllUpTo || choice.TakesTurns ? turn : Mix(turn);
        UpstreamEndpoint? best = null;
        var bestScore = long.MaxValue;
        for (uint step = 0; step < Math.Min(endpoints.Length, AllUpTo); step++)
        {
            var candidate = endpoints[(first + step) % (uint)endpoints.Length];
            var score = (choice.TakesTurns ? 0 : candidate.Outstanding) + (ReferenceEquals(candidate, choice.Tried) ? 1L << 40 : 0) + (candidate.IsResting(choice.Now) ? 1L << 32 : 0);
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
