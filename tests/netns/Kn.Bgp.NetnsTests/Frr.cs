using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>bgpd of FRR, with the zebra that tells it of the links.</summary>
internal sealed class Frr(TestNamespace space, PeerSettings settings) : RealPeer(space, settings)
{
    private string ZebraSocket => Path.Combine(Folder, "zserv.api");

    internal override void Start()
    {
        var zebra = Write("zebra.conf", "");
        var bgp = Write("bgpd.conf", Config());
        // The daemons give up root, and want to write beside their configuration.
        Tool.Run("chown", "-R", "frr:frrvty", Folder);
        Launch("/usr/lib/frr/zebra", "-f", zebra, "-i", Path.Combine(Folder, "zebra.pid"), "-z", ZebraSocket, "--vty_socket", Folder, "--log", "stdout");
        WaitUntil(() => File.Exists(ZebraSocket), "zebra");
        if (Settings.Bfd)
        {
            Launch("/usr/lib/frr/bfdd", "-i", Path.Combine(Folder, "bfdd.pid"), "-z", ZebraSocket, "--vty_socket", Folder, "--bfdctl", Path.Combine(Folder, "bfdd.sock"), "--log", "stdout");
        }

        Launch("/usr/lib/frr/bgpd", "-f", bgp, "-i", Path.Combine(Folder, "bgpd.pid"), "-z", ZebraSocket, "--vty_socket", Folder, "--log", "stdout");
        WaitUntil(() => Ask("show bgp summary json").Contains(Settings.PeerAddress, StringComparison.Ordinal), "bgpd");
    }

    internal override string Show(string prefix) =>
        Ask($"show bgp {(prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4")} unicast {prefix}");

    internal override int WatchedPaths() =>
        Tool.Try("vtysh", ["--vty_socket", Folder, "-d", "bfdd", "-c", "show bfd peers"]).Output.Split("Status: up").Length - 1;

    internal override string Large(uint asn, uint first, uint second) => $"{asn}:{first}:{second}";

    internal override void Refresh() => Ask($"clear bgp {Settings.PeerAddress} soft in");

    internal override string Neighbor() => Ask($"show bgp neighbors {Settings.PeerAddress}");

    private string Config() => $"""
        frr defaults traditional
        router bgp {Settings.Asn}
         bgp router-id {Settings.RouterId}
         no bgp ebgp-requires-policy
         no bgp network import-check
         {(!Settings.GracefulRestart ? "bgp graceful-restart-disable" : Settings.HelpsOnly ? "!" : "bgp graceful-restart")}
        {Each(Session)}
         address-family ipv4 unicast
          network {Settings.RouteV4}
          maximum-paths 8
        {Each(peer => Activation(peer, "OUT4"))}
         exit-address-family
         address-family ipv6 unicast
          network {Settings.RouteV6}
          maximum-paths 8
        {Each(peer => Activation(peer, "OUT6"))}
         exit-address-family
        route-map OUT4 permit 10
         set large-community {Settings.Asn}:1:2
        route-map OUT6 permit 10
         set large-community {Settings.Asn}:1:2
         set ipv6 next-hop global {Settings.NextHopV6}
        """;

    private string Session(string peer) => $"""
         {peer} remote-as {Settings.PeerAs}
         {peer} timers {Settings.HoldSeconds / 3} {Settings.HoldSeconds}
         {peer} timers connect 1
         {peer} advertisement-interval 0
         {peer} update-source {Settings.LocalAddress}
         {(Settings.Password.Length > 0 ? $"{peer} password {Settings.Password}" : "!")}
         {(Settings.TtlSecurity ? $"{peer} ttl-security hops 1" : "!")}
         {(Settings.ExtendedNextHop ? $"{peer} capability extended-nexthop" : "!")}
         {(Settings.Bfd ? $"{peer} bfd 3 100 100" : "!")}
        """;

    private static string Activation(string peer, string map) => $"""
          {peer} activate
          {peer} route-map {map} out
        """;

    private string Each(Func<string, string> write) => string.Join('\n', Settings.AllPeers.Select(address => write($"neighbor {address}")));

    private string Ask(string command) => Tool.Try("vtysh", ["--vty_socket", Folder, "-d", "bgpd", "-c", command]).Output;
}
