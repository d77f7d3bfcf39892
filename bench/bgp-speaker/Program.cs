// The speaker alone, as the bench group bgp runs it: bgp-speaker PORT LAST_PREFIX. Says 'ready', then 'loaded COUNT' when LAST_PREFIX is in the RIB.
using Kn.Bgp;
using Kn.Bgp.Policies;
using Kn.Primitives;

var options = new BgpSpeakerOptions
{
    LocalAs = 64512,
    RouterId = IpAddress.Parse("10.0.0.1"),
    ListenAddresses = [IpAddress.Loopback(IpFamily.V4)],
    ListenPort = ushort.Parse(args[0]),
};
using var stop = new CancellationTokenSource();
using var speaker = new BgpSpeaker(options, new Kn.Bench.Watcher(IpPrefix.Parse(args[1])), TimeProvider.System);
var running = speaker.RunAsync(stop.Token);
await speaker.SetPeersAsync(
    [new BgpPeerOptions { Address = IpAddress.Parse("127.0.0.2"), PeerAs = 65001, IsPassive = true, Hops = 64, Families = FamilySet.V4, Import = RoutePolicy.AcceptAll }],
    stop.Token);
Console.WriteLine("ready");
await running;
