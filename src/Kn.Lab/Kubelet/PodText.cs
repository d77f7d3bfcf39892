using System.Text;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.Kubelet;

/// <summary>What a pod finds in /etc: resolv.conf, hosts and hostname, as the kubelet writes them.</summary>
/// <remarks>kubernetes.io: "DNS for Services and Pods", "Adding entries to Pod /etc/hosts with HostAliases".</remarks>
internal static class PodText
{
    private const int MaxHostname = 63;

    /// <summary>The pod's host name: spec.hostname, else its name, cut to what a host name may be.</summary>
    public static string Hostname(JsonObject pod)
    {
        var name = pod.Text("spec", "hostname") is { Length: > 0 } wanted ? wanted : pod.Name();
        return name.Length <= MaxHostname ? name : name[..MaxHostname].TrimEnd('-', '.');
    }

    /// <summary>resolv.conf by dnsPolicy and dnsConfig.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="clusterDns">The cluster's name servers.</param>
    /// <param name="clusterDomain">Such as cluster.local.</param>
    /// <param name="ofNode">The node's own resolv.conf, for pods that want that.</param>
    public static string ResolvConf(JsonObject pod, IReadOnlyList<IpAddress> clusterDns, string clusterDomain, string ofNode)
    {
        var policy = pod.Text("spec", "dnsPolicy") ?? "ClusterFirst";
        var isHostNetwork = pod.Flag("spec", "hostNetwork") ?? false;
        if (policy == "Default" || (policy == "ClusterFirst" && isHostNetwork))
        {
            return ofNode;
        }

        var servers = new List<string>();
        var searches = new List<string>();
        var options = new List<string>();
        if (policy != "None")
        {
            servers.AddRange(clusterDns.Select(static server => server.ToString()));
            searches.AddRange([$"{pod.Namespace()}.svc.{clusterDomain}", $"svc.{clusterDomain}", clusterDomain]);
            options.Add("ndots:5");
        }

        var config = pod.Map("spec", "dnsConfig");
        servers.AddRange(config.Texts("nameservers"));
        searches.AddRange(config.Texts("searches"));
        foreach (var option in config.Maps("options"))
        {
            var name = option.Text("name") ?? "";
            options.RemoveAll(other => other.Split(':')[0] == name);
            options.Add(option.Text("value") is { } value ? $"{name}:{value}" : name);
        }

        return Render(servers, searches, options);
    }

    /// <summary>The hosts file.</summary>
    public static string Hosts(JsonObject pod, IReadOnlyList<IpAddress> addresses, string clusterDomain)
    {
        var text = new StringBuilder("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
            .Append("fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
        var hostname = Hostname(pod);
        var names = pod.Text("spec", "subdomain") is { Length: > 0 } subdomain
            ? $"{hostname}.{subdomain}.{pod.Namespace()}.svc.{clusterDomain}\t{hostname}"
            : hostname;
        foreach (var address in addresses)
        {
            text.Append(address).Append('\t').Append(names).Append('\n');
        }

        foreach (var alias in pod.Maps("spec", "hostAliases"))
        {
            text.Append(alias.Text("ip")).Append('\t').AppendJoin('\t', alias.Texts("hostnames")).Append('\n');
        }

        return text.ToString();
    }

    private static string Render(List<string> servers, List<string> searches, List<string> options)
    {
        var text = new StringBuilder();
        foreach (var server in servers.Distinct())
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        if (searches.Count > 0)
        {
            text.Append("search ").AppendJoin(' ', searches.Distinct()).Append('\n');
        }

        if (options.Count > 0)
        {
            text.Append("options ").AppendJoin(' ', options).Append('\n');
        }

        return text.ToString();
    }
}
