using System.Diagnostics;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Proxy;

/// <summary>The ruleset of kube-proxy's nftables mode, written from its documented layout: verdict maps service-ips and service-nodeports, a
/// chain per Service and per endpoint. Applied by <c>nft -f</c>, as kube-proxy does.</summary>
internal sealed class KubeProxyLayout(NetworkNamespace node) : IDisposable
{
    private const int ServicesAFile = 500;
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-bench-proxy").FullName;

    /// <summary>Loads everything into an empty kernel, in files of 500 Services.</summary>
    /// <returns>Seconds that nft took.</returns>
    public double Load(int services)
    {
        var elapsed = Apply(Frame());
        for (var first = 0; first < services; first += ServicesAFile)
        {
            var text = new StringBuilder();
            for (var service = first; service < Math.Min(first + ServicesAFile, services); service++)
            {
                AppendService(text, service, generation: 0);
            }

            elapsed += Apply(text.ToString());
        }

        return elapsed;
    }

    /// <summary>One endpoint is replaced by another.</summary>
    /// <returns>Seconds that nft took.</returns>
    public double ChangeEndpoint(int service, int generation)
    {
        var text = new StringBuilder();
        AppendEndpoint(text, service, 0, generation);
        text.AppendLine($"flush chain ip kube-proxy {ServiceChain(service)}");
        AppendServiceRules(text, service, generation);
        text.AppendLine($"delete chain ip kube-proxy {EndpointChain(service, 0, generation - 1)}");
        return Apply(text.ToString());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private double Apply(string text)
    {
        var file = Path.Combine(_folder, "rules.nft");
        File.WriteAllText(file, text);
        var started = Stopwatch.GetTimestamp();
        var result = node.Run(() => Spawn.Run("/usr/sbin/nft", ["-f", file], ["PATH=/usr/sbin"], []));
        return result.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started).TotalSeconds
            : throw new InvalidOperationException($"nft -f: exit {result.ExitCode}: {result.Output}");
    }

    private static string Frame() =>
        """
        add table ip kube-proxy
        add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
        add map ip kube-proxy service-nodeports { type inet_proto . inet_service : verdict; }
        add map ip kube-proxy no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
        add set ip kube-proxy cluster-ips { type ipv4_addr; }
        add chain ip kube-proxy filter-prerouting { type filter hook prerouting priority -110; }
        add chain ip kube-proxy filter-forward { type filter hook forward priority -110; }
        add chain ip kube-proxy filter-input { type filter hook input priority -110; }
        add chain ip kube-proxy filter-output { type filter hook output priority -110; }
        add chain ip kube-proxy filter-output-post-dnat { type filter hook output priority -90; }
        add chain ip kube-proxy nat-prerouting { type nat hook prerouting priority -100; }
        add chain ip kube-proxy nat-output { type nat hook output priority -100; }
        add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority 100; }
        add chain ip kube-proxy service-endpoints-check
        add chain ip kube-proxy cluster-ips-check
        add chain ip kube-proxy services
        add chain ip kube-proxy masquerading
        add chain ip kube-proxy mark-for-masquerade
        add rule ip kube-proxy service-endpoints-check ip daddr . meta l4proto . th dport vmap @no-endpoint-services
        add rule ip kube-proxy cluster-ips-check ip daddr @cluster-ips reject
        add rule ip kube-proxy filter-prerouting ct state new jump service-endpoints-check
        add rule ip kube-proxy filter-forward ct state new jump service-endpoints-check
        add rule ip kube-proxy filter-forward ct state new jump cluster-ips-check
        add rule ip kube-proxy filter-input ct state new jump service-endpoints-check
        add rule ip kube-proxy filter-output ct state new jump service-endpoints-check
        add rule ip kube-proxy filter-output-post-dnat ct state new jump cluster-ips-check
        add rule ip kube-proxy nat-prerouting jump services
        add rule ip kube-proxy nat-output jump services
        add rule ip kube-proxy nat-postrouting jump masquerading
        add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips
        add rule ip kube-proxy services fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports
        add rule ip kube-proxy mark-for-masquerade mark set mark or 0x4000
        add rule ip kube-proxy masquerading mark and 0x4000 == 0 return
        add rule ip kube-proxy masquerading mark set mark xor 0x4000
        add rule ip kube-proxy masquerading masquerade fully-random

        """;

    private static void AppendService(StringBuilder text, int service, int generation)
    {
        for (var endpoint = 0; endpoint < ServiceShape.Endpoints; endpoint++)
        {
            AppendEndpoint(text, service, endpoint, generation);
        }

        text.AppendLine($"add chain ip kube-proxy {ServiceChain(service)}");
        AppendServiceRules(text, service, generation);
        text.AppendLine($"add element ip kube-proxy cluster-ips {{ {ServiceShape.ClusterIp(service)} }}");
        text.AppendLine($"add element ip kube-proxy service-ips {{ {ServiceShape.ClusterIp(service)} . tcp . {ServiceShape.Port} : goto {ServiceChain(service)} }}");
    }

    private static void AppendServiceRules(StringBuilder text, int service, int generation)
    {
        var chain = ServiceChain(service);
        text.AppendLine($"add rule ip kube-proxy {chain} ip daddr {ServiceShape.ClusterIp(service)} tcp dport {ServiceShape.Port} ip saddr != 10.244.0.0/16 jump mark-for-masquerade");
        text.Append($"add rule ip kube-proxy {chain} numgen random mod {ServiceShape.Endpoints} vmap {{ ");
        for (var endpoint = 0; endpoint < ServiceShape.Endpoints; endpoint++)
        {
            text.Append($"{endpoint} : goto {EndpointChain(service, endpoint, endpoint == 0 ? generation : 0)} , ");
        }

        text.AppendLine("}");
    }

    private static void AppendEndpoint(StringBuilder text, int service, int endpoint, int generation)
    {
        var chain = EndpointChain(service, endpoint, generation);
        var address = ServiceShape.Endpoint(service, endpoint, generation % 2 == 0 ? 0 : ServiceShape.Endpoints);
        text.AppendLine($"add chain ip kube-proxy {chain}");
        text.AppendLine($"add rule ip kube-proxy {chain} ip saddr {address} jump mark-for-masquerade");
        text.AppendLine($"add rule ip kube-proxy {chain} meta l4proto tcp dnat to {address}:{ServiceShape.TargetPort}");
    }

    private static string ServiceChain(int service) => $"service-ABCDEFGH-bench/{ServiceShape.Name(service)}/tcp/web";

    private static string EndpointChain(int service, int endpoint, int generation) =>
        $"endpoint-ABCDEFGH-bench/{ServiceShape.Name(service)}/tcp/web__{endpoint}/g{generation}";
}
