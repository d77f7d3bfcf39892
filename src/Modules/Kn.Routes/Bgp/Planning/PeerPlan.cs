using Kn.Bgp;
using Kn.Bgp.Bfd;
using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>Whom this node speaks with, and what is agreed. Pure.</summary>
internal static class PeerPlan
{
    /// <summary>The peer of that address: of the config, of the Node's annotations, or another node; null when there is none.</summary>
    public static PeerPiece? Of(BgpTable table, IpAddress address, Problems problems)
    {
        if (table.Self is not { } self)
        {
            return null;
        }

        if (table.Options.Peers.FirstOrDefault(peer => peer.Address == address && Selects(peer, self)) is { } neighbor)
        {
            return OfConfig(table, self, neighbor, address, problems);
        }

        if (self.Annotations.Peers.FirstOrDefault(peer => peer.Address == address) is { } annotated)
        {
            return OfAnnotations(table, self, annotated);
        }

        return table.MeshPeerAt(address) is { } node ? OfNode(table, self, node, address, problems) : null;
    }

    /// <summary>This node's address on the segment of another one; null when they share none.</summary>
    public static IpAddress? SourceFor(Underlay underlay, IpAddress peer)
    {
        foreach (var subnet in underlay.Subnets)
        {
            if (!subnet.Prefix.Contains(peer))
            {
                continue;
            }

            foreach (var own in underlay.Addresses)
            {
                if (own.LinkIndex == subnet.LinkIndex && subnet.Prefix.Contains(own.Address))
                {
                    return own.Address;
                }
            }
        }

        return null;
    }

    private static PeerPiece? OfConfig(BgpTable table, BgpNode self, BgpNeighborOptions neighbor, IpAddress address, Problems problems)
    {
        if (PasswordOf(table, self, neighbor.PasswordFile, address, problems) is not { } password)
        {
            return null;
        }

        var options = Common(table, self, address, neighbor.Asn) with
        {
            Description = neighbor.Description ?? "",
            Port = neighbor.Port ?? BgpPeerOptions.DefaultPort,
            LocalAs = neighbor.LocalAsn,
            LocalAddress = neighbor.LocalAddress,
            Password = password,
            IsPassive = neighbor.Passive,
            Hops = neighbor.Hops ?? 1,
            TtlSecurity = neighbor.TtlSecurity,
            HoldTime = neighbor.HoldTime ?? TimeSpan.FromSeconds(90),
            Families = neighbor.Families switch { BgpFamilies.Ipv4 => FamilySet.V4, BgpFamilies.Ipv6 => FamilySet.V6, _ => FamilySet.Both },
            MaxPrefixes = neighbor.MaxRoutes ?? table.Options.MaxRoutesPerPeer,
            IsRouteReflectorClient = neighbor.RouteReflectorClient,
            Import = PolicyRules.FromRouter(self, neighbor, table.Options),
            Export = PolicyRules.ToRouter(self, neighbor),
        };
        return new PeerPiece(options, neighbor.Bfd ? BfdOf(table, self, address, neighbor.LocalAddress, problems) : null);
    }

    private static PeerPiece OfAnnotations(BgpTable table, BgpNode self, AnnotatedPeer peer) => new(
        Common(table, self, peer.Address, peer.Asn) with
        {
            Description = "of the Node's annotations",
            Port = peer.Port ?? BgpPeerOptions.DefaultPort,
            LocalAddress = peer.LocalAddress,
            Password = peer.Password,
            Import = PolicyRules.FromAnnotated(self, peer, table.Options),
            Export = PolicyRules.ToRouter(self, new BgpNeighborOptions { Address = peer.Address, Asn = peer.Asn }),
        },
        Bfd: null);

    private static PeerPiece? OfNode(BgpTable table, BgpNode self, BgpNode other, IpAddress address, Problems problems)
    {
        if (PasswordOf(table, self, table.Options.NodeMesh.PasswordFile, address, problems) is not { } password)
        {
            return null;
        }

        var own = self.AddressOf(address.Family);
        var options = Common(table, self, address, other.Asn) with
        {
            Description = other.Name,
            Port = table.Options.Port,
            Password = password,
            LocalAddress = own is { } local && table.Environment.Underlay.Has(local) ? local : null,
            IsRouteReflectorClient = self.IsReflector && !other.IsReflector,
            Import = PolicyRules.FromNode(self, table.Options),
            Export = PolicyRules.ToNode(self, other),
        };
        var isWatched = table.Options.NodeMesh.Bfd && SourceFor(table.Environment.Underlay, address) is not null;
        return new PeerPiece(options, isWatched ? BfdOf(table, self, address, local: null, problems) : null);
    }

    /// <summary>Next hops are said for both families, so that one session is enough whatever family it has itself.</summary>
    private static BgpPeerOptions Common(BgpTable table, BgpNode self, IpAddress address, uint asn)
    {
        var restart = table.Options.GracefulRestart;
        return new BgpPeerOptions
        {
            Address = address,
            PeerAs = asn,
            ExtendedNextHop = address.Family == IpFamily.V6,
            NextHopSelf = true,
            NextHopV4 = NextHop(table, self, address, IpFamily.V4),
            NextHopV6 = NextHop(table, self, address, IpFamily.V6),
            RestartTime = restart.Enabled ? restart.RestartTime : TimeSpan.Zero,
            StaleTime = restart.StaleTime,
            MaxPrefixes = table.Options.MaxRoutesPerPeer,
        };
    }

    /// <summary>Of the session's family its own address, which the peer reaches for certain; of the other one on the same link, else the node's InternalIP.</summary>
    private static IpAddress? NextHop(BgpTable table, BgpNode self, IpAddress peer, IpFamily family)
    {
        if (peer.Family == family)
        {
            return null;
        }

        var underlay = table.Environment.Underlay;
        if (underlay.LinkTo(peer) is { } link)
        {
            foreach (var own in underlay.Addresses)
            {
                if (own.LinkIndex == link && own.Address.Family == family)
                {
                    return own.Address;
                }
            }
        }

        return self.AddressOf(family);
    }

    private static BfdPeerOptions? BfdOf(BgpTable table, BgpNode self, IpAddress address, IpAddress? local, Problems problems)
    {
        if ((local ?? SourceFor(table.Environment.Underlay, address)) is not { } source)
        {
            problems.Add(self.Node, $"the path to BGP peer {address} is not watched by BFD: it is on no segment of this node's (RFC 5881 works on one segment)");
            return null;
        }

        return new BfdPeerOptions
        {
            Address = address,
            LocalAddress = source,
            SendInterval = table.Options.Bfd.Interval,
            ReceiveInterval = table.Options.Bfd.Interval,
            Multiplier = table.Options.Bfd.Multiplier,
        };
    }

    /// <summary>The password of a file; empty without a file; null, and told, when the file does not have one: without it the session would be open.</summary>
    private static string? PasswordOf(BgpTable table, BgpNode self, string? file, IpAddress address, Problems problems)
    {
        if (string.IsNullOrEmpty(file))
        {
            return "";
        }

        if (table.Environment.Passwords.Find(file) is { } password)
        {
            return password;
        }

        problems.Add(self.Node, $"no BGP session with {address}: {table.Environment.Unreadable.Find(file) ?? $"{file} was not read yet"}");
        return null;
    }

    private static bool Selects(BgpNeighborOptions neighbor, BgpNode self) =>
        neighbor.NodeSelector is null || (NodeSelector.TryParse(neighbor.NodeSelector, out var selector) && selector.Selects(self.Node.Metadata.Labels));
}
