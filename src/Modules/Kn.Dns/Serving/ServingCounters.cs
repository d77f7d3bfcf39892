using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>What one thread has done. Plain numbers with one writer: whoever reads metrics adds up all threads'.</summary>
internal sealed class ServingCounters
{
    private readonly long[] _types = new long[QueryTypes.Count];
    private readonly long[] _rcodes = new long[ResponseCodes.Count];
    private readonly long[] _events = new long[Enum.GetValues<ServingEvent>().Length];

    /// <summary>A query of that type came.</summary>
    public void CountQuery(DnsType type) => _types[QueryTypes.IndexOf(type)]++;

    /// <summary>It was answered so.</summary>
    public void CountResponse(DnsRcode rcode) => _rcodes[ResponseCodes.IndexOf(rcode)]++;

    /// <summary>Something else happened.</summary>
    public void Count(ServingEvent what, int times = 1) => _events[(int)what] += times;

    /// <summary>How many queries of a type, by its place in <see cref="QueryTypes.Names"/>.</summary>
    public long Queries(int index) => Volatile.Read(ref _types[index]);

    /// <summary>How many responses, by the place in <see cref="ResponseCodes.Names"/>.</summary>
    public long Responses(int index) => Volatile.Read(ref _rcodes[index]);

    /// <summary>How many events.</summary>
    public long Events(ServingEvent what) => Volatile.Read(ref _events[(int)what]);
}

/// <summary>What else can happen to a query.</summary>
internal enum ServingEvent : byte
{
    /// <summary>It could not be read and got FORMERR, NOTIMP or BADVERS.</summary>
    Malformed,

    /// <summary>It was no query and got silence.</summary>
    Silent,

    /// <summary>Its client is not one of the cluster's.</summary>
    Stranger,

    /// <summary>Its client asks too much.</summary>
    Limited,

    /// <summary>It was answered from the cluster zone.</summary>
    Cluster,

    /// <summary>It was answered from the hosts of the config.</summary>
    Host,

    /// <summary>It was answered from the forwarder's cache.</summary>
    Cached,

    /// <summary>It was given to the forwarder.</summary>
    Forwarded,

    /// <summary>Its answer was cut.</summary>
    Truncated,

    /// <summary>The kernel did not take its answer.</summary>
    NotSent,

    /// <summary>It made Kn stumble: a fault of Kn's.</summary>
    Fault,
}
