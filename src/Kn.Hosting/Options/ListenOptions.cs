using System.Net;

namespace Kn.Hosting.Options;

/// <summary>Section <c>listen</c>.</summary>
public sealed record ListenOptions : IModuleOptions
{
    /// <summary>Address and port of /metrics, /healthz and /readyz; "none" for no server. Default loopback, because the metrics tell of
    /// the cluster, and 10275, near to the kubelet's and kube-proxy's ports and used by neither.</summary>
    public string Http { get; init; } = "127.0.0.1:10275";

    /// <summary>The parsed <see cref="Http"/>; null for none.</summary>
    public IPEndPoint? HttpEndPoint() => IPEndPoint.TryParse(Http, out var endPoint) && endPoint.Port > 0 ? endPoint : null;

    /// <inheritdoc/>
    public void Validate(OptionErrors errors) =>
        errors.Require(Http == "none" || HttpEndPoint() is not null, nameof(Http), $"'{Http}' is not an address and port such as 127.0.0.1:10275 or [::]:10275, nor none");
}
