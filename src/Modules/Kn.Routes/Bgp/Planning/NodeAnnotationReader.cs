using System.Globalization;
using System.Text;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>Reads a Node's annotations. Pure.</summary>
/// <remarks>Names and forms are kube-router's, https://www.kube-router.io/docs/bgp/; each is read under <c>kn.internal/</c>, too.</remarks>
internal sealed class NodeAnnotationReader
{
    private const byte MostPrepended = 16;
    private readonly Node _node;
    private readonly List<string> _faults = [];

    private NodeAnnotationReader(Node node) => _node = node;

    /// <summary>What they ask for.</summary>
    public static NodeAnnotations Read(Node node) => Annotations.HasAny(node) ? new NodeAnnotationReader(node).Read() : NodeAnnotations.None;

    private NodeAnnotations Read()
    {
        var annotations = new NodeAnnotations
        {
            Asn = ReadAsn("node.asn"),
            Peers = ReadPeers(),
            ReflectorCluster = ReadCluster("rr.server"),
            IsReflectorClient = ReadCluster("rr.client") is not null,
            PrependAs = ReadAsn("path-prepend.as"),
            PrependTimes = ReadTimes("path-prepend.repeat-n"),
            Communities = ReadList("node.bgp.communities", "a community such as 64512:100", static text => CommunityOptions.IsCommunity(text) ? text : null),
            ImportRejects = ReadValues<IpPrefix>("node.bgp.customimportreject", "a prefix", IpPrefix.TryParse),
            ListenAddresses = ReadValues<IpAddress>("bgp-local-addresses", "an address", IpAddress.TryParse),
        };
        CheckPodCidrs("pod-cidr");
        CheckPodCidrs("pod-cidrs");
        return annotations with { Faults = _faults.ToValueList() };
    }

    private delegate bool Parser<T>(ReadOnlySpan<char> text, out T value);

    private ValueList<AnnotatedPeer> ReadPeers()
    {
        var peers = new List<AnnotatedPeer>();
        if (Annotations.Find(_node, "peers") is { } whole)
        {
            foreach (var entry in AnnotatedPeerList.Read(whole.Value))
            {
                Add(peers, whole.Name, peers.Count, entry.Address, entry.Asn, entry.Port, entry.Password, entry.LocalAddress);
            }
        }

        var (name, addresses) = Columns("peer.ips");
        if (addresses.Length == 0)
        {
            return peers.ToValueList();
        }

        var asns = Column("peer.asns", addresses.Length, isNeeded: true);
        var ports = Column("peer.ports", addresses.Length);
        var passwords = Column("peer.passwords", addresses.Length);
        var locals = Column("peer.localips", addresses.Length);
        if (asns is null || ports is null || passwords is null || locals is null)
        {
            return peers.ToValueList();
        }

        for (var index = 0; index < addresses.Length; index++)
        {
            Add(peers, name, index, addresses[index], asns[index], ports[index], passwords[index], locals[index]);
        }

        return peers.ToValueList();
    }

    private void Add(List<AnnotatedPeer> peers, string name, int index, string address, string asn, string port, string password, string local)
    {
        string? Fault(string fault)
        {
            _faults.Add($"{name}: entry {index + 1}: {fault}; this peer is left out");
            return null;
        }

        _ = !IpAddress.TryParse(address, out var remote) || remote.IsAny || remote.IsLinkLocal ? Fault($"'{address}' is not a router's address")
            : !uint.TryParse(asn, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0 ? Fault($"'{asn}' is not an AS")
            : !Optional<ushort>(port, TryParsePort, out var remotePort) ? Fault($"'{port}' is not a port")
            : !TryDecode(password, out var key) ? Fault("the password is not base64 of 1 to 80 bytes")
            : !Optional<IpAddress>(local, IpAddress.TryParse, out var from) || (from is { } own && own.Family != remote.Family) ? Fault($"'{local}' is not an address of the peer's family")
            : peers.Exists(other => other.Address == remote) ? Fault($"'{address}' is there twice")
            : Keep(new AnnotatedPeer(remote, number) { Port = remotePort, Password = key, LocalAddress = from });

        string? Keep(AnnotatedPeer peer)
        {
            peers.Add(peer);
            return null;
        }
    }

    /// <summary>A list with an entry a peer, empty ones where there is no such annotation; null, and told, when it has another length.</summary>
    private string[]? Column(string annotation, int length, bool isNeeded = false)
    {
        var (name, entries) = Columns(annotation);
        if (entries.Length == 0 && !isNeeded)
        {
            return [.. Sequence.Range(0, length).Select(static _ => "")];
        }

        if (entries.Length == length)
        {
            return entries;
        }

        _faults.Add($"{name}: has {entries.Length} entries where peer.ips has {length}; these peers are left out");
        return null;
    }

    private (string Name, string[] Entries) Columns(string annotation) =>
        Annotations.Find(_node, annotation) is { } found && found.Value.Trim().Length > 0
            ? (found.Name, found.Value.Split(',', StringSplitOptions.TrimEntries))
            : (Annotations.KubeRouter + annotation, []);

    private uint? ReadAsn(string annotation)
    {
        if (Annotations.Find(_node, annotation) is not { } found)
        {
            return null;
        }

        if (uint.TryParse(found.Value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var asn) && asn > 0)
        {
            return asn;
        }

        _faults.Add($"{found.Name}: '{found.Value}' is not an AS from 1 to 4294967295");
        return null;
    }

    private byte ReadTimes(string annotation)
    {
        if (Annotations.Find(_node, annotation) is not { } found)
        {
            return 0;
        }

        if (byte.TryParse(found.Value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times <= MostPrepended)
        {
            return times;
        }

        _faults.Add($"{found.Name}: '{found.Value}' is not a number from 0 to {MostPrepended}");
        return 0;
    }

    /// <summary>A reflectors' cluster: a number or an IPv4 address (RFC 4456 §7).</summary>
    private uint? ReadCluster(string annotation)
    {
        if (Annotations.Find(_node, annotation) is not { } found)
        {
            return null;
        }

        var text = found.Value.Trim();
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        if (IpAddress.TryParse(text, out var address) && address.Family == IpFamily.V4)
        {
            return (uint)address.Number;
        }

        _faults.Add($"{found.Name}: '{found.Value}' is not a cluster: a number or an IPv4 address");
        return null;
    }

    private ValueList<T> ReadValues<T>(string annotation, string expectation, Parser<T> parse)
        where T : struct =>
        ReadList(annotation, expectation, text => parse(text, out var value) ? (T?)value : null).Select(static value => value!.Value).ToValueList();

    private ValueList<T> ReadList<T>(string annotation, string expectation, Func<string, T?> parse)
    {
        var items = new List<T>();
        var (name, entries) = Columns(annotation);
        foreach (var text in entries)
        {
            if (text.Length > 0 && parse(text) is { } item)
            {
                items.Add(item);
            }
            else if (text.Length > 0)
            {
                _faults.Add($"{name}: '{text}' is not {expectation}; it is left out");
            }
        }

        return items.ToValueList();
    }

    /// <summary>Pods have addresses of spec.podCIDRs: another prefix in the annotation would be told to routers in vain.</summary>
    private void CheckPodCidrs(string annotation)
    {
        var (name, entries) = Columns(annotation);
        foreach (var text in entries)
        {
            if (!IpPrefix.TryParse(text, out var prefix) || !_node.PodCidrs.Contains(prefix))
            {
                _faults.Add($"{name}: '{text}' is none of the Node's spec.podCIDRs, which pods have their addresses of; it is not told to anybody");
            }
        }
    }

    private static bool Optional<T>(string text, Parser<T> parse, out T? value)
        where T : struct
    {
        value = null;
        if (text.Length == 0)
        {
            return true;
        }

        var good = parse(text, out var parsed);
        value = good ? parsed : null;
        return good;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;

    /// <summary>kube-router has passwords in base64, often with the line feed of the shell's echo, which it takes for a part of the key; so does Kn.</summary>
    private static bool TryDecode(string text, out string password)
    {
        const int LongestKey = 80;
        password = "";
        if (text.Length == 0)
        {
            return true;
        }

        Span<byte> bytes = stackalloc byte[LongestKey];
        if (!Convert.TryFromBase64String(text, bytes, out var length) || length == 0)
        {
            return false;
        }

        password = Encoding.UTF8.GetString(bytes[..length]);
        return true;
    }
}
