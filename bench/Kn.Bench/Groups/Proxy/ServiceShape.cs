using System.Globalization;

namespace Kn.Bench.Groups.Proxy;

/// <summary>The Services of these benchmarks: number i has a ClusterIP, port 80 TCP, and five endpoints on port 8080.</summary>
/// <remarks>Endpoints of all Services are addresses of one range, so that every one of them can be served by one namespace with a local route.</remarks>
internal static class ServiceShape
{
    public const int Endpoints = 5;
    public const int Port = 80;
    public const int TargetPort = 8080;

    /// <summary>Where all endpoints are.</summary>
    public const string EndpointRange = "10.245.0.0/16";

    public static string Name(int service) => string.Create(CultureInfo.InvariantCulture, $"svc{service}");

    public static string ClusterIp(int service) => Address(96, service + 16);

    /// <summary>An endpoint's address. <paramref name="generation"/> tells those that a change put in the place of others.</summary>
    public static string Endpoint(int service, int index, int generation = 0) => Address(245, (service * (Endpoints + 1)) + index + generation);

    private static string Address(int second, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"10.{second}.{(number >> 8) & 255}.{number & 255}");
}
