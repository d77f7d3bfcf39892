namespace Kn.E2E.Tests.Dns;

/// <summary>Two nodes whose agents, API server and upstreams go away and come back.</summary>
/// <remarks>
/// <code>
/// node1   the cluster's DNS addresses from its config; asks the upstream that misbehaves, then the good one
/// node2   asks the upstream that misbehaves alone (behind the router)
/// client1, client2    who asks, a node each
/// </code>
/// </remarks>
public sealed class FaultLab : DnsLab
{
    private const string Bad = "192.168.77.6";
    private const string Good = "192.168.77.7";
    private ScriptedUpstream? _misbehaving;
    private ScriptedUpstream? _other;

    /// <inheritdoc/>
    protected override int NodeCount => 2;

    /// <summary>The upstream that does what names say; its own answers are <see cref="FromMisbehaving"/>.</summary>
    internal ScriptedUpstream Misbehaving => _misbehaving ?? throw new InvalidOperationException("the lab is not up");

    /// <summary>The other one; its answers are <see cref="FromOther"/>.</summary>
    internal ScriptedUpstream Other => _other ?? throw new InvalidOperationException("the lab is not up");

    /// <summary>The address that says who answered.</summary>
    internal const string FromMisbehaving = "192.0.2.6";

    /// <summary>The address that says who answered.</summary>
    internal const string FromOther = "192.0.2.7";

    /// <summary>The pods that ask, a node each.</summary>
    internal static IReadOnlyList<string> Clients { get; } = ["client1", "client2"];

    /// <inheritdoc/>
    internal override string Section(int node) => node == 1
        ? $"addresses: [{string.Join(", ", Servers.Select(static server => $"\"{server}\""))}], forward: {{upstreams: [{Bad}, {Good}], policy: sequential}}"
        : $"forward: {{upstreams: [{Bad}]}}";

    /// <inheritdoc/>
    internal override async Task StartUpstreamsAsync()
    {
        var outside = OpenOutside();
        await Upstreams.AddAddressAsync(outside, Bad + "/24");
        await Upstreams.AddAddressAsync(outside, Good + "/24");
        _misbehaving = ScriptedUpstream.Start(outside, Bad, misbehaves: true);
        _other = ScriptedUpstream.Start(outside, Good, misbehaves: false);
    }

    /// <inheritdoc/>
    internal override async Task PopulateAsync()
    {
        await Task.WhenAll(
            ServiceAsync("web", "selector: {app: web}"),
            ServiceAsync("db", "clusterIP: None, selector: {app: db}"),
            ServiceAsync("ext", $"type: ExternalName, externalName: {Name("web")}"),
            PodAsync("client1", 1),
            PodAsync("client2", 2),
            PodAsync("a", 1, metadata: "labels: {app: web}"),
            PodAsync("db-0", 2, "hostname: db-0\n  subdomain: db", "labels: {app: db}"));
        await Task.WhenAll(Clients.Select(client => UntilAsync($"{client} knows", async () =>
            (await From(client).AskAllAsync(Resolver.Dig, [(Name("web"), "A"), (Name("db-0.db"), "A"), (Name("ext"), "A")])).All(static reply => reply.Answers.Count > 0))));
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var upstream in (ScriptedUpstream?[])[_misbehaving, _other])
        {
            if (upstream is not null)
            {
                await upstream.DisposeAsync();
            }
        }

        await base.DisposeAsync();
    }
}

/// <summary>The classes that share it, one test at a time.</summary>
[CollectionDefinition(Name)]
public sealed class FaultGroup : ICollectionFixture<FaultLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "DNS faults";
}
