namespace Kn.Ingress.Routing;

/// <summary>What an endpoint is chosen by.</summary>
/// <param name="Now">Milliseconds of the engine's clock.</param>
/// <param name="Tried">One that has just failed; taken only where there is no other.</param>
internal readonly record struct EndpointChoice(long Now, UpstreamEndpoint? Tried)
{
    /// <summary>The endpoint that is to be taken if it is there; 0 for any.</summary>
    public ulong Wanted { get; init; }

    /// <summary>What decides; null for load.</summary>
    public ulong? Hash { get; init; }

    /// <summary>Whether endpoints take turns.</summary>
    public bool TakesTurns { get; init; }
}
