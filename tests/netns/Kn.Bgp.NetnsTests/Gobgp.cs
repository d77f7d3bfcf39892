using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>gobgpd, which kube-router and older MetalLB carry.</summary>
internal sealed class Gobgp(TestNamespace space, PeerSettings settings) : RealPeer(space, settings)
{
    internal override void Start()
    {
        var config = Write("gobgp.toml", $"""
            [global.config]
              as = {Settings.Asn}
              router-id = "{Settings.RouterId}"
            {string.Join('\n', Settings.AllPeers.Select(Neighbour))}
            """);
        Launch("gobgpd", "-f", config, "--api-hosts", "127.0.0.1:50051", "--pprof-disable");
        WaitUntil(() => Ask("neighbor").Contains(Settings.PeerAddress, StringComparison.Ordinal), "gobgpd");
        var large = $"{Settings.Asn}:1:2";
        Ask("global", "rib", "add", Settings.RouteV4, "large-community", large);
        Ask("global", "rib", "add", "-a", "ipv6", Settings.RouteV6, "nexthop", Settings.NextHopV6, "large-community", large);
    }

    private string Neighbour(string address) => $"""
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "{address}"
                peer-as = {Settings.PeerAs}
                auth-password = "{Settings.Password}"
              [neighbors.timers.config]
                connect-retry = 1
                idle-hold-time-after-reset = 1
                hold-time = {Settings.HoldSeconds}
                keepalive-interval = {Settings.HoldSeconds / 3}
              [neighbors.ttl-security.config]
                enabled = {(Settings.TtlSecurity ? "true" : "false")}
                ttl-min = 255
              [neighbors.graceful-restart.config]
                enabled = {(Settings.GracefulRestart ? "true" : "false")}
                restart-time = 20
            {Family("ipv4-unicast", Settings.GracefulRestart)}
            {Family("ipv6-unicast", Settings.GracefulRestart)}
            """;

    private static string Family(string name, bool restarts) => $"""
        [[neighbors.afi-safis]]
          [neighbors.afi-safis.config]
            afi-safi-name = "{name}"
          [neighbors.afi-safis.mp-graceful-restart.config]
            enabled = {(restarts ? "true" : "false")}
        """;

    internal override string Show(string prefix) => Ask("global", "rib", "-a", prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4", prefix);

    internal override string Large(uint asn, uint first, uint second) => $"{asn}:{first}:{second}";

    internal override void Refresh() => Ask("neighbor", Settings.PeerAddress, "softresetin");

    internal override string Neighbor() => Ask("neighbor", Settings.PeerAddress);

    private string Ask(params string[] command)
    {
        var (_, output, error) = Tool.Try("ip", ["netns", "exec", Space.Name, "gobgp", "-u", "127.0.0.1", "-p", "50051", .. command]);
        return output + error;
    }
}
