using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Planning;

/// <summary>What routes are planned by: a host, or a Service that routes lead to.</summary>
/// <param name="Host">The host in lower case, empty for every host; null for a Service.</param>
/// <param name="Service">The Service, where there is no host.</param>
internal readonly record struct RouteKey(string? Host, ObjectKey Service)
{
    /// <summary>A host's key.</summary>
    public static RouteKey Of(string host) => new(host, default);

    /// <summary>A Service's key.</summary>
    public static RouteKey Of(ObjectKey service) => new(null, service);

    /// <inheritdoc/>
    public override string ToString() => Host is null ? $"Service {Service}" : Host.Length == 0 ? "every host" : $"host {Host}";
}

/// <summary>What is planned: a <see cref="Routing.HostPiece"/> or a <see cref="ServicePiece"/>.</summary>
internal abstract record RoutePiece;
