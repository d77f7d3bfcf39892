using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Ingress.Http;
using Kn.Ingress.Planning;
using Kn.Ingress.Routing;
using Kn.Ingress.Tls;

namespace Kn.Ingress.Inspection;

/// <summary>Answers the control socket's verb <c>ingress</c>: by the routes that requests take now.</summary>
internal sealed class IngressInspector(LiveRoutes routes, LiveCertificates? certificates = null)
{
    private const string Every = "*";

    /// <summary>Answers.</summary>
    public Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        var url = request.Arguments.GetValueOrDefault(IngressVerb.Url, "");
        if (url.Length == 0)
        {
            return Task.FromResult(Good(List()));
        }

        return Task.FromResult(Explain(url) is { } report
            ? Good(report)
            : new ControlResponse(IngressVerb.Failed, Encoding.UTF8.GetBytes($"'{url}' is no URL such as http://example.org/path")));
    }

    /// <summary>All routes, by host and path.</summary>
    public IngressReport List()
    {
        var all = new List<IngressRoute>();
        foreach (var (key, piece) in routes.Pieces.OrderBy(static pair => pair.Key.Host, StringComparer.Ordinal))
        {
            if (key.Host is not { } host || piece is not HostPiece routed)
            {
                continue;
            }

            foreach (var rule in routed.Rules)
            {
                all.Add(ToRoute(host, rule, isFallback: false));
            }

            if (routed.Fallback is { } fallback)
            {
                all.Add(ToRoute(host, fallback, isFallback: true));
            }
        }

        return new IngressReport { Routes = all };
    }

    /// <summary>How a request for a URL is led; null for what is no URL.</summary>
    public IngressReport? Explain(string url)
    {
        // As a client would send it: the request is read by what reads requests.
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? url : url[(scheme + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (authority, target) = slash < 0 ? (rest, "/") : (rest[..slash], rest[slash..]);
        var head = Encoding.UTF8.GetBytes($"GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        if (HeadFields.HasControls(Encoding.UTF8.GetBytes(url)))
        {
            return null;
        }

        var request = new RequestHead();
        var fault = request.Read(head);
        if (fault == HeadFault.Target)
        {
            return new IngressReport { Steps = ["the path is refused: it climbs, or is not spelt as paths are"], Status = OwnAnswer.StatusOf(fault) };
        }

        if (fault != HeadFault.None || authority.Length == 0)
        {
            return null;
        }

        Span<byte> host = stackalloc byte[HostName.MaxLength + 2];
        host = host[..HostName.Normalize(request.Host(head), host)];
        var path = new byte[head.Length];
        path = path[..RequestPath.Normalize(request.Path(head), path)];
        var route = routes.Current.Find(host, path);
        var report = Explain(Encoding.UTF8.GetString(host), Encoding.UTF8.GetString(path), route);
        return url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? WithCertificate(report, Encoding.UTF8.GetString(host))
            : route is { Rule.TlsRedirect: true } ? report with { Steps = [.. report.Steps, $"it does not come by TLS: it is sent there by {OwnAnswer.PermanentRedirect}"], Status = OwnAnswer.PermanentRedirect }
            : report;
    }

    /// <summary>Tells whose certificate the client is shown, which is before all else.</summary>
    private IngressReport WithCertificate(IngressReport report, string host)
    {
        if (certificates is null)
        {
            return report;
        }

        var wildcard = TlsRules.WildcardOf(host);
        var piece = certificates.PieceOf(host) ?? (wildcard is null ? null : certificates.PieceOf(wildcard));
        var step = piece is null
            ? "there is no certificate for the host: clients are shown the default one"
            : $"clients are shown the certificate of Secret {piece.Secret}, which ends at {piece.Certificate.NotAfter:yyyy-MM-dd HH:mm}Z";
        return report with { Steps = [step, .. report.Steps] };
    }

    private IngressReport Explain(string host, string path, Route? route)
    {
        List<string> steps = [];
        var key = HostOf(host);
        steps.Add(key.Length == 0
            ? $"no Ingress has rules for {host}, or for a wildcard that it is below: rules for every host are asked"
            : key == host ? $"{host} has rules of its own, which alone are asked" : $"{host} has no rules of its own: those of {key} alone are asked");
        if (route is null)
        {
            steps.Add($"no path matches {path}, and there is no default backend");
            return new IngressReport { Steps = steps, Status = 404 };
        }

        var isFallback = ReferenceEquals(route.Rule, routes.PieceOf(key)?.Fallback) || ReferenceEquals(route.Rule, routes.PieceOf("")?.Fallback);
        steps.Add(isFallback
            ? $"no path matches {path}: it goes to the default backend of {route.Rule.Origin}"
            : $"{path} matches {route.Rule.Match} {Shown(route.Rule.Path)} of {route.Rule.Origin}");
        var found = ToRoute(key, route.Rule, isFallback);
        steps.Add(route.Upstream is null ? "the backend is no Service" : found.Endpoints.Count == 0
            ? $"Service {found.Backend} has no endpoints: it is missing, has no such port, or no pod of it is ready"
            : $"Service {found.Backend} has {found.Endpoints.Count} endpoints");
        return new IngressReport { Steps = steps, Status = found.Endpoints.Count == 0 ? 503 : 0, Routes = [found] };
    }

    /// <summary>Whose rules are asked; empty for those of every host.</summary>
    private string HostOf(string host)
    {
        if (routes.PieceOf(host) is not null)
        {
            return host;
        }

        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && routes.PieceOf("*" + host[dot..]) is not null ? "*" + host[dot..] : "";
    }

    private IngressRoute ToRoute(string host, RouteRule rule, bool isFallback) => new(
        host.Length == 0 ? Every : host,
        isFallback ? "" : Shown(rule.Path),
        isFallback ? "Default" : rule.Match.ToString(),
        rule.Backend?.ToString() ?? "",
        rule.Origin,
        rule.Backend is { } backend ? routes.EndpointsOf(backend) : []);

    private static string Shown(string path) => path.Length == 0 ? "/" : path;

    private static ControlResponse Good(IngressReport report) =>
        new(IngressVerb.Good, JsonSerializer.SerializeToUtf8Bytes(report, IngressReportJson.Default.IngressReport));
}
