using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>Services of every kind, which tests only ask about: three nodes with different settings, a client on each.</summary>
/// <remarks>
/// <code>
/// node1   pod records insecure; upstreams from a resolv.conf; stub domains to unbound and dnsmasq
/// node2   pod records verified; the search path walked for clients; link-local and node addresses served (behind the router)
/// node3   no pod records; a name of the config
/// client1, client2, client3    who asks, a node each
/// six     asks by IPv6, on node1
/// host2   on node2's own network
/// </code>
/// </remarks>
public sealed class SpecificationLab : DnsLab
{
    private Upstreams? _upstreams;

    /// <summary>How many endpoints the Service big has.</summary>
    internal const int Big = 500;

    /// <summary>How many endpoints the Service middle has: more than 512 bytes, less than 1232.</summary>
    internal const int Middle = 40;

    /// <summary>The pods that ask, a node each.</summary>
    internal static IReadOnlyList<string> Clients { get; } = ["client1", "client2", "client3"];

    /// <inheritdoc/>
    internal override string Section(int node) => node switch
    {
        1 => $"forward: {{resolvConf: {ResolvConf}, stubDomains: [{{domain: unbound.example, upstreams: [{Upstreams.Unbound}]}}, {{domain: masq.example, upstreams: [\"{Upstreams.Dnsmasq}\"]}}]}}",
        2 => $"pods: verified, autopath: true, localAddresses: [{LinkLocal}], nodeAddresses: true, forward: {{upstreams: [{Upstreams.Nsd}]}}",
        _ => $"pods: disabled, hosts: [{{name: registry.example, addresses: [192.0.2.77, \"2001:db8::77\"]}}], forward: {{upstreams: [\"fd00:77::3\"]}}",
    };

    /// <summary>The file that node1's agent reads its upstreams from.</summary>
    internal string ResolvConf => Path.Combine(Options.Folder, "node1.resolv.conf");

    /// <inheritdoc/>
    internal override async Task StartUpstreamsAsync()
    {
        await File.WriteAllTextAsync(ResolvConf, $"nameserver {Upstreams.Nsd}\n");
        _upstreams = await Upstreams.StartAsync(OpenOutside(), Options.Folder);
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (_upstreams is not null)
        {
            await _upstreams.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    internal override async Task PopulateAsync()
    {
        const string Searches = "searches: [names.svc.cluster.local, svc.cluster.local, cluster.local], options: [{name: ndots, value: \"5\"}]";
        await Task.WhenAll(
        [
            ServicesAsync(),
            .. Enumerable.Range(1, 3).Select(node => PodAsync($"client{node}", node)),
            PodAsync("six", 1, $"dnsPolicy: None\n  dnsConfig: {{nameservers: [\"{Servers[1]}\"], {Searches}}}"),
            PodAsync("host2", 2, "hostNetwork: true\n  dnsPolicy: ClusterFirstWithHostNet"),
            PodAsync("a", 1, metadata: "labels: {app: web}"),
            PodAsync("b", 2, metadata: "labels: {app: web}"),
            PodAsync("db-0", 1, "hostname: db-0\n  subdomain: db", "labels: {app: db}"),
            PodAsync("db-1", 2, "hostname: db-1\n  subdomain: db", "labels: {app: db}"),
            PodAsync("plain", 3, metadata: "labels: {app: db}"),
            PodAsync("sick", 3, "hostname: sick\n  subdomain: early", "labels: {app: sick}", "readinessProbe: {exec: {command: [\"false\"]}}", ready: false),
        ]);
        await KnownAsync();
    }

    private Task ServicesAsync() => Task.WhenAll(
        ServiceAsync("web", "selector: {app: web}"),
        ServiceAsync("lonely", "selector: {app: nobody}"),
        ServiceAsync("four", "selector: {app: web}, ipFamilyPolicy: SingleStack, ipFamilies: [IPv4]"),
        ServiceAsync("six", "selector: {app: web}, ipFamilyPolicy: SingleStack, ipFamilies: [IPv6]"),
        ServiceAsync("unnamed", "selector: {app: web}, ports: [{port: 81, targetPort: 8080}]"),
        ServiceAsync("ports", "type: NodePort, selector: {app: web}"),
        ServiceAsync("balanced", "type: LoadBalancer, selector: {app: web}"),
        ServiceAsync("other", "selector: {app: nobody}", Elsewhere),
        ServiceAsync("db", "clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80, targetPort: 8080}]"),
        ServiceAsync("all", "clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80, targetPort: 8080}]"),
        ServiceAsync("late", "clusterIP: None, selector: {app: sick}"),
        ServiceAsync("early", "clusterIP: None, selector: {app: sick}, publishNotReadyAddresses: true"),
        ServiceAsync("named", "selector: {app: web}"),
        ServiceAsync("pair", "clusterIP: None"),
        SliceAsync("pair", "{addresses: [10.250.0.1], hostname: twin}, {addresses: [10.250.0.2], hostname: twin}, {addresses: [10.250.0.3]}, {addresses: [10.250.0.4], conditions: {ready: false, serving: true, terminating: true}}"),
        SliceAsync("pair", "{addresses: [\"fd00:250::3\"]}", IpFamily.V6),
        ServiceAsync("big", "clusterIP: None"),
        SliceAsync("big", string.Join(", ", Enumerable.Range(0, Big).Select(static number => $"{{addresses: [10.251.{number / 250}.{(number % 250) + 1}]}}"))),
        ServiceAsync("middle", "clusterIP: None"),
        SliceAsync("middle", string.Join(", ", Enumerable.Range(1, Middle).Select(static number => $"{{addresses: [10.252.0.{number}]}}"))),
        ServiceAsync("ext", "type: ExternalName, externalName: www.example"),
        ServiceAsync("inside", $"type: ExternalName, externalName: {Name("web")}"),
        ServiceAsync("twice", $"type: ExternalName, externalName: {Name("inside")}"),
        ServiceAsync("outward", $"type: ExternalName, externalName: {Name("ext")}"),
        ServiceAsync("lost", $"type: ExternalName, externalName: {Name("nobody")}"),
        ServiceAsync("lostoutside", "type: ExternalName, externalName: nobody.example"));

    /// <summary>Until every node knows all of it: what comes last on its way here, endpoints of pods, is asked for.</summary>
    private Task KnownAsync() => Task.WhenAll(Clients.Select(client => UntilAsync($"{client} knows", async () =>
    {
        string[] names = [.. ((string[])["web", "lonely", "four", "six", "unnamed", "ports", "balanced", "lost", "lostoutside", "ext", "named", "db-0.db", "db-1.db", "early", "pair", "big", "middle"]).Select(static name => Name(name)), Name("other", Elsewhere)];
        var replies = await From(client).AskAllAsync(Resolver.Dig, [.. names.Select(static name => (name, name.StartsWith("six", StringComparison.Ordinal) ? "AAAA" : "A"))], "+tcp");
        return replies.All(static reply => reply.Answers.Count > 0) && (await From(client).AskAsync(Resolver.Dig, Name("all"))).Answers.Count == 3;
    })));
}

/// <summary>The classes that share it.</summary>
[CollectionDefinition(Name)]
public sealed class SpecificationGroup : ICollectionFixture<SpecificationLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "DNS";
}
