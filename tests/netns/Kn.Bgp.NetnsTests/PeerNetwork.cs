using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>Kn's namespace, and those of peers, on one segment: a bridge in Kn's.</summary>
internal sealed class PeerNetwork : IDisposable
{
    private readonly List<TestNamespace> _peers = [];

    public PeerNetwork(int peers = 1)
    {
        Kn = new TestNamespace("knbgp");
        // An address of its own: else it would have that of its port, which would take the peer's packets in even when it is cut off.
        Kn.Ip("link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge");
        Kn.Ip("link", "set", "br0", "up");
        Kn.Ip("addr", "add", "10.9.0.1/24", "dev", "br0");
        Kn.Ip("addr", "add", "fd09::1/64", "dev", "br0", "nodad");
        for (var i = 2; i < 2 + peers; i++)
        {
            var peer = new TestNamespace("knbgp");
            _peers.Add(peer);
            Kn.Ip("link", "add", $"p{i}", "type", "veth", "peer", "name", "eth0", "netns", peer.Name);
            Kn.Ip("link", "set", $"p{i}", "master", "br0", "up");
            peer.Ip("link", "set", "eth0", "up");
            peer.Ip("addr", "add", $"10.9.0.{i}/24", "dev", "eth0");
            peer.Ip("addr", "add", $"fd09::{i}/64", "dev", "eth0", "nodad");
        }
    }

    internal TestNamespace Kn { get; }

    internal TestNamespace this[int peer] => _peers[peer];

    /// <summary>The peer is there no more, and nobody is told.</summary>
    internal void Cut(int peer) => Kn.Ip("link", "set", $"p{peer + 2}", "nomaster");

    /// <summary>It is there again.</summary>
    internal void Mend(int peer) => Kn.Ip("link", "set", $"p{peer + 2}", "master", "br0");

    public void Dispose()
    {
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }

        Kn.Dispose();
    }
}
