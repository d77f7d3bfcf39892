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
            protocol static s4 { ipv4; route {{Settings.RouteV4}} blackhole; }
            protocol static s6 { ipv6; route {{Settings.RouteV6}} blackhole; }
            protocol bgp kn {
              local {{Settings.LocalAddress}} as {{Settings.Asn}};
              neighbor {{Settings.PeerAddress}} as {{Settings.PeerAs}};
              hold time {{Settings.HoldSeconds}};
              connect delay time 1; connect retry time 1; error wait time 1, 2;
              graceful restart {{(Settings.GracefulRestart ? "yes" : "off")}};
              {{(Settings.Password.Length > 0 ? $"password \"{Settings.Password}\";" : "")}}
              {{(Settings.TtlSecurity ? "ttl security yes;" : "")}}
              ipv4 { import all; export {{export}}; next hop self; {{(Settings.ExtendedNextHop ? "extended next hop on;" : "")}} };
              ipv6 { import all; export {{export}}; next hop address {{Settings.NextHopV6}}; };
            }
            """);
        Launch("bird", "-f", "-c", config, "-s", Socket, "-P", Path.Combine(Folder, "bird.pid"));
        WaitUntil(() => File.Exists(Socket) && Ask("show", "status").Contains("up and running", StringComparison.OrdinalIgnoreCase), "bird");
    }

    internal override string Show(string prefix) => Ask("show", "route", prefix, "all");

    internal override string Large(uint asn, uint first, uint second) => $"({asn}, {first}, {second})";

    internal override void Refresh() => Ask("reload", "in", "kn");

    internal override string Neighbor() => Ask("show", "protocols", "all", "kn");

    private string Ask(params string[] command) => Tool.Try("birdc", ["-s", Socket, .. command]).Output;
}
