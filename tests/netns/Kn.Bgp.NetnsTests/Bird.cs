using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>BIRD 2.</summary>
internal sealed class Bird(TestNamespace space, PeerSettings settings) : RealPeer(space, settings)
{
    private string Socket => Path.Combine(Folder, "bird.ctl");

    internal override void Start()
    {
        var export = $"filter {{ if source != RTS_STATIC then reject; bgp_large_community.add(({Settings.Asn}, 1, 2)); accept; }}";
        var config = Write("bird.conf", $$"""
            log stderr all;
            router id {{Settings.RouterId}};
            graceful restart wait 5;
            protocol device { }
            {{(Settings.Bfd ? "protocol bfd { interface \"*\" { interval 100 ms; multiplier 3; }; }" : "")}}
            {{(Settings.Installs ? "protocol kernel k4 { merge paths yes; ipv4 { export all; }; } protocol kernel k6 { merge paths yes; ipv6 { export all; }; }" : "")}}
            protocol static s4 { ipv4; route {{Settings.RouteV4}} blackhole; }
            protocol static s6 { ipv6; route {{Settings.RouteV6}} blackhole; }
            {{string.Concat(Settings.AllPeers.Select((address, index) => Protocol(address, index == 0 ? "kn" : $"kn{index}", export)))}}
            """);
        Launch("bird", "-f", "-c", config, "-s", Socket, "-P", Path.Combine(Folder, "bird.pid"));
        WaitUntil(() => File.Exists(Socket) && Ask("show", "status").Contains("up and running", StringComparison.OrdinalIgnoreCase), "bird");
    }

    private string Protocol(string address, string name, string export) => $$"""
            protocol bgp {{name}} {
              local {{Settings.LocalAddress}} as {{Settings.Asn}};
              neighbor {{address}} as {{Settings.PeerAs}};
              hold time {{Settings.HoldSeconds}};
              connect delay time 1; connect retry time 1; error wait time 1, 2;
              graceful restart {{(!Settings.GracefulRestart ? "off" : Settings.HelpsOnly ? "aware" : "yes")}};
              {{(Settings.Password.Length > 0 ? $"password \"{Settings.Password}\";" : "")}}
              {{(Settings.Bfd ? "bfd yes;" : "")}}
              {{(Settings.TtlSecurity ? "ttl security yes;" : "")}}
              ipv4 { import all; export {{export}}; next hop self; {{(Settings.ExtendedNextHop ? "extended next hop on;" : "")}} };
              ipv6 { import all; export {{export}}; next hop address {{Settings.NextHopV6}}; };
            }

            """;

    internal override string Show(string prefix) => Ask("show", "route", prefix, "all");

    internal override int WatchedPaths() => Ask("show", "bfd", "sessions").Split('\n').Count(static line => line.Contains(" Up ", StringComparison.Ordinal));

    internal override string Large(uint asn, uint first, uint second) => $"({asn}, {first}, {second})";

    internal override void Refresh() => Ask("reload", "in", "kn");

    internal override string Neighbor() => Ask("show", "protocols", "all", "kn");

    private string Ask(params string[] command) => Tool.Try("birdc", ["-s", Socket, .. command]).Output;
}
