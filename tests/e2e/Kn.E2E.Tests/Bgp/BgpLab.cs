using System.Diagnostics;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Underlay;
using Kn.Primitives;

namespace Kn.E2E.Tests.Bgp;

/// <summary>Three nodes that route by BGP alone (<c>routes.mode: bgp</c>), on two segments; BIRD on the router between is the top of both racks, AS 65001, with BFD.</summary>
public sealed class BgpLab : LabFixture
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-e2e-bird").FullName;
    private Process? _bird;

    /// <summary>Where a load balancer's addresses are taken from.</summary>
    internal const string Pool = "203.0.113";

    /// <inheritdoc/>
    protected override string AgentConfig => """
        routes:
          mode: bgp
          bgp:
            bfd: { interval: 100ms }
            peers:
              - { address: 192.168.77.1, asn: 65001, bfd: true, nodeSelector: kubernetes.io/hostname!=node2 }
              - { address: 192.168.78.1, asn: 65001, bfd: true, nodeSelector: kubernetes.io/hostname=node2 }

        """;

    /// <summary>Nodes take the segments in turn.</summary>
    private UnderlayPlan Plan => new(NodeCount, 2);

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        using var underlay = OpenUnderlay();
        var start = new ProcessStartInfo("bird", ["-f", "-c", WriteConfig(), "-s", Control, "-P", Path.Combine(_folder, "bird.pid")]) { RedirectStandardError = true, RedirectStandardOutput = true };
        _bird = underlay.Run(() => Process.Start(start)) ?? throw new InvalidOperationException("bird did not start");
        _bird.ErrorDataReceived += static (_, _) => { };
        _bird.OutputDataReceived += static (_, _) => { };
        _bird.BeginErrorReadLine();
        _bird.BeginOutputReadLine();
        await UntilAsync("three sessions", async () => (await AskAsync("show", "protocols")).Split('\n').Count(static line => line.StartsWith("node", StringComparison.Ordinal) && line.Contains("Established", StringComparison.Ordinal)) == NodeCount);
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (_bird is { } bird)
        {
            bird.Kill();
            await bird.WaitForExitAsync();
            bird.Dispose();
        }

        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What birdc prints.</summary>
    internal async Task<string> AskAsync(params string[] words)
    {
        var result = await Lab.Processes.ProgramStart.RunAsync(null, ["birdc", "-s", Control, .. words], null, "", CancellationToken.None);
        return result.Output + result.Errors;
    }

    /// <summary>How many ways the router's kernel has to a prefix.</summary>
    internal int WaysTo(string prefix)
    {
        using var routes = Kn.Linux.Routes.RouteSocket.Open(OpenUnderlay());
        foreach (var route in routes.ReadRoutes(new Kn.Linux.Routes.RouteFilter(Table: Kn.Linux.Routes.RouteTable.Main)))
        {
            if (route.Destination == IpPrefix.Parse(prefix))
            {
                return Math.Max(1, route.NextHops.Count);
            }
        }

        return 0;
    }

    private string Control => Path.Combine(_folder, "bird.ctl");

    private string WriteConfig()
    {
        var file = Path.Combine(_folder, "bird.conf");
        File.WriteAllText(file, $$"""
            log stderr all;
            router id 192.168.77.1;
            protocol device { }
            protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }
            protocol kernel k4 { merge paths yes; ipv4 { export all; }; }
            protocol kernel k6 { merge paths yes; ipv6 { export all; }; }
            {{string.Join('\n', Enumerable.Range(1, NodeCount).Select(Neighbour))}}
            """);
        return file;
    }

    private string Neighbour(int number)
    {
        var segment = Plan.SegmentOf(number);
        return $$"""
            protocol bgp node{{number}} {
              local {{UnderlayPlan.Router(segment)[0]}} as 65001;
              neighbor {{Plan.Node(number)[0]}} as 64512;
              connect delay time 1; connect retry time 1; error wait time 1, 2;
              graceful restart yes;
              bfd yes;
              ipv4 { import all; export none; };
              ipv6 { import all; export none; next hop address {{UnderlayPlan.Router(segment)[1]}}; };
            }
            """;
    }
}

/// <summary>The classes that share the lab.</summary>
[CollectionDefinition(Name)]
public sealed class BgpGroup : ICollectionFixture<BgpLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "BGP";
}
