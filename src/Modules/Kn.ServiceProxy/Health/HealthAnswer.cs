using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Kn.Kubernetes.Objects;

namespace Kn.ServiceProxy.Health;

/// <summary>An answer to a load balancer, to the byte as kube-proxy gives it.</summary>
/// <param name="Status">200 or 503.</param>
/// <param name="Text">The body, JSON.</param>
/// <param name="Weight">For <c>X-Load-Balancing-Endpoint-Weight</c>: how many endpoints are here; null for the node's own health.</param>
internal readonly record struct HealthAnswer(int Status, string Text, int? Weight)
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss.FFFFFFF +0000 \\U\\T\\C";

    /// <summary>What a Service's healthCheckNodePort answers.</summary>
    public static HealthAnswer OfService(ObjectKey service, int localEndpoints, bool isProxyHealthy)
    {
        var text = new StringBuilder("{\n\t\"service\": {\n\t\t\"namespace\": ").Append(Quoted(service.Namespace))
            .Append(",\n\t\t\"name\": ").Append(Quoted(service.Name))
            .Append(CultureInfo.InvariantCulture, $"\n\t}},\n\t\"localEndpoints\": {localEndpoints},\n\t\"serviceProxyHealthy\": {Word(isProxyHealthy)}\n}}");
        return new HealthAnswer(localEndpoints > 0 && isProxyHealthy ? 200 : 503, text.ToString(), localEndpoints);
    }

    /// <summary>What /healthz answers: whether load balancers may send to this node.</summary>
    public static HealthAnswer OfNode(ProxyHealth health, bool isNodeEligible)
    {
        var (healthy, updatedAt, now) = health.Read();
        healthy &= isNodeEligible;
        return new HealthAnswer(healthy ? 200 : 503, $$"""{"lastUpdated": {{Time(healthy ? now : updatedAt)}},"currentTime": {{Time(now)}}, "nodeEligible": {{Word(isNodeEligible)}}}""", null);
    }

    /// <summary>What /livez answers: whether the proxy works, wanted on this node or not.</summary>
    public static HealthAnswer OfProxy(ProxyHealth health)
    {
        var (healthy, updatedAt, now) = health.Read();
        return new HealthAnswer(healthy ? 200 : 503, $$"""{"lastUpdated": {{Time(healthy ? now : updatedAt)}},"currentTime": {{Time(now)}}}""", null);
    }

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static string Word(bool value) => value ? "true" : "false";

    private static string Time(DateTimeOffset time) => Quoted(time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
}
