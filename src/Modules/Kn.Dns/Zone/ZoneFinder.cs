using System.Text;
using Kn.Dns.Wire;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Finds what a name of the zone leads to. Allocates nothing.</summary>
internal sealed class ZoneFinder(ZoneSettings settings, ZoneRecords records)
{
    /// <summary>What the name is.</summary>
    public Finding Find(scoped in ZoneName name)
    {
        if (name.Count == 0)
        {
            return new Finding(AnswerRule.Apex);
        }

        if (name.Is(0, "svc"u8))
        {
            return FindBelowSvc(name);
        }

        if (name.Is(0, "pod"u8))
        {
            return FindBelowPod(name);
        }

        return name.Count switch
        {
            1 when name.Is(0, "dns-version"u8) => new Finding(AnswerRule.Version),
            1 when name.Is(0, "dns"u8) => new Finding(AnswerRule.EmptyNonTerminal),
            2 when name.Is(0, "dns"u8) && name.Is(1, "ns"u8) => new Finding(AnswerRule.NameServer),
            _ => new Finding(AnswerRule.NoName),
        };
    }

    /// <summary>What an address leads to; a headless Service's piece, or a Service's, is the first of those that have it.</summary>
    public Finding Find(IpAddress address)
    {
        var cursor = records.Find(address);
        while (cursor.Next() is { } piece)
        {
            if (Has(piece, address))
            {
                return new Finding(AnswerRule.Reverse) { Piece = piece, Address = address };
            }
        }

        return new Finding(AnswerRule.None);
    }

    /// <summary>Whether reverse look-ups of the address lead to the piece.</summary>
    public static bool Has(ZonePiece piece, IpAddress address) => piece switch
    {
        ServicePiece service => Contains(service.Addresses, address),
        HeadlessPiece headless => FirstOf(headless, address) >= 0,
        _ => false,
    };

    /// <summary>Position of the first endpoint with that address; negative when there is none.</summary>
    public static int FirstOf(HeadlessPiece headless, IpAddress address)
    {
        var endpoints = headless.Endpoints.AsSpan();
        var (low, high) = (0, endpoints.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (endpoints[middle].Address.CompareTo(address) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < endpoints.Length && endpoints[low].Address == address ? low : -1;
    }

    /// <summary>Whether a port is the one that is asked for; an empty label asks for all.</summary>
    public static bool IsAsked(in PortRecord port, in Finding finding) =>
        finding.Label.IsEmpty
        || (port.Protocol == finding.Protocol && port.Name.Length == finding.Label.Length && Ascii.EqualsIgnoreCase(finding.Label, port.Name));

    private Finding FindBelowSvc(scoped in ZoneName name)
    {
        if (name.Count < 3)
        {
            var exists = name.Count == 1 || records.Find(name.Between(1, 1)) is not null;
            return new Finding(exists ? AnswerRule.EmptyNonTerminal : AnswerRule.NoName);
        }

        var piece = records.Find(name.Between(2, 1));
        if (name.Count == 3 || piece is null)
        {
            return name.Count > 3 ? new Finding(AnswerRule.NoName) : new Finding(RuleOf(piece)) { Piece = piece };
        }

        if (name[3][0] == '_')
        {
            return FindPort(name, piece);
        }

        return name.Count == 4 && piece is HeadlessPiece headless && HasEndpoint(headless, new EndpointLabel(name[3]))
            ? new Finding(AnswerRule.Endpoint) { Piece = piece, Label = name[3] }
            : new Finding(AnswerRule.NoName);
    }

    private static AnswerRule RuleOf(ZonePiece? piece) => piece switch
    {
        ServicePiece => AnswerRule.Service,
        HeadlessPiece => AnswerRule.Headless,
        AliasPiece => AnswerRule.Alias,
        _ => AnswerRule.NoName,
    };

    private static Finding FindPort(scoped in ZoneName name, ZonePiece piece)
    {
        if (name.Count > 5 || !TryProtocol(name[3], out var protocol) || (name.Count == 5 && (name[4].Length < 2 || name[4][0] != '_')))
        {
            return new Finding(AnswerRule.NoName);
        }

        var port = name.Count == 5
            ? new Finding(AnswerRule.Port) { Piece = piece, Protocol = protocol, Label = name[4][1..] }
            : new Finding(AnswerRule.EmptyNonTerminal) { Piece = piece, Protocol = protocol };
        return HasPort(piece, port) ? port : new Finding(AnswerRule.NoName);
    }

    /// <summary>Whether the piece has the named port, or, without a label, any that is named and of the protocol.</summary>
    private static bool HasPort(ZonePiece piece, in Finding port)
    {
        switch (piece)
        {
            case ServicePiece service:
                return HasPort(service.Ports, port);
            case HeadlessPiece headless:
                foreach (var set in headless.PortSets)
                {
                    if (HasPort(set, port))
                    {
                        return true;
                    }
                }

                return false;
            default:
                return false;
        }
    }

    private static bool HasPort(ValueList<PortRecord> ports, in Finding wanted)
    {
        foreach (ref readonly var port in ports.AsSpan())
        {
            if (port.Name.Length > 0 && port.Protocol == wanted.Protocol && IsAsked(port, wanted))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryProtocol(ReadOnlySpan<byte> label, out IpProtocol protocol)
    {
        protocol = Ascii.EqualsIgnoreCase(label, "_tcp"u8) ? IpProtocol.Tcp
            : Ascii.EqualsIgnoreCase(label, "_udp"u8) ? IpProtocol.Udp
            : Ascii.EqualsIgnoreCase(label, "_sctp"u8) ? IpProtocol.Sctp : default;
        return protocol != default;
    }

    private static bool HasEndpoint(HeadlessPiece headless, EndpointLabel label)
    {
        foreach (ref readonly var endpoint in headless.Endpoints.AsSpan())
        {
            if (label.Names(endpoint))
            {
                return true;
            }
        }

        return false;
    }

    private Finding FindBelowPod(scoped in ZoneName name)
    {
        if (name.Count == 1)
        {
            return new Finding(AnswerRule.EmptyNonTerminal);
        }

        if (settings.Pods == PodRecords.Disabled || name.Count > 3 || records.Find(name.Between(1, 1)) is null)
        {
            return new Finding(AnswerRule.NoName);
        }

        if (name.Count == 2)
        {
            return new Finding(AnswerRule.EmptyNonTerminal);
        }

        return DashedAddress.TryParse(name[2], out var address) && (settings.Pods == PodRecords.Insecure || HasPod(address, name.Between(1, 1)))
            ? new Finding(AnswerRule.PodAddress) { Address = address }
            : new Finding(AnswerRule.NoName);
    }

    private bool HasPod(IpAddress address, ReadOnlySpan<byte> @namespace)
    {
        var cursor = records.Find(address);
        while (cursor.Next() is { } piece)
        {
            if (piece is PodPiece pod && Contains(pod.Addresses, address) && DnsName.Matches(pod.Labels.AsSpan(), @namespace))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(ValueList<IpAddress> addresses, IpAddress address)
    {
        foreach (var item in addresses.AsSpan())
        {
            if (item == address)
            {
                return true;
            }
        }

        return false;
    }
}
