using Kn.Lab.Api;
using Kn.Lab.Controllers;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Lab;

/// <summary>The controllers that a lab can run, by the names that <c>--controllers</c> takes.</summary>
internal static class ControllerChoice
{
    /// <summary>All of them: what an API server without any needs.</summary>
    public static IReadOnlyList<string> All { get; } = ["namespaces", "podcidrs", "endpointslices", "deployments", "garbage", "scheduler"];

    /// <summary>Those that a bare API server lacks even where it numbers nodes and fills EndpointSlices by itself.</summary>
    public static IReadOnlyList<string> ForExternalServer { get; } = ["deployments", "garbage", "scheduler"];

    /// <summary>Starts the chosen ones; each runs until cancelled.</summary>
    /// <exception cref="FormatException">A name that is none of <see cref="All"/>.</exception>
    public static IEnumerable<Task> Run(LabOptions options, ApiClient client, ILogger logger, CancellationToken cancellationToken) =>
        [.. options.Controllers.Select(name => Run(name, options, client, logger, cancellationToken))];

    private static Task Run(string name, LabOptions options, ApiClient client, ILogger logger, CancellationToken cancellationToken) => name switch
    {
        "namespaces" => new NamespaceController(client, logger).RunAsync(cancellationToken),
        "podcidrs" => new PodCidrController(client, [.. options.PodCidrs.Select(static cidr => IpPrefix.Parse(cidr))], logger).RunAsync(cancellationToken),
        "endpointslices" => new EndpointSliceController(client, logger).RunAsync(cancellationToken),
        "deployments" => new DeploymentController(client, logger).RunAsync(cancellationToken),
        "garbage" => new GarbageCollector(client, logger).RunAsync(cancellationToken),
        "scheduler" => new SchedulerController(client, logger).RunAsync(cancellationToken),
        _ => throw new FormatException($"no controller '{name}': there are {string.Join(", ", All)}"),
    };
}
