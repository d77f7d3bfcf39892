using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Tracing;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.ServiceProxy.Tests;

/// <summary>Walks packets through a table and says in words what becomes of them.</summary>
internal sealed class Verdicts(NftTable table)
{
    private static readonly IpAddress[] OfThisNode = [.. Build.Addresses("192.168.50.1", "172.16.0.1", "fd00:50::1")];

    /// <summary>'a:1 b:1', 'masquerade a:1', 'b:1, masquerade a:1', 'refused', 'dropped' or 'untouched': over every random choice.</summary>
    public string Of(string from, string address, ushort port, IpProtocol protocol = IpProtocol.Tcp, bool fromWire = false)
    {
        var outcomes = new SortedDictionary<string, bool>(StringComparer.Ordinal);
        for (var choice = 0u; choice < 8; choice++)
        {
            var (target, isMasqueraded) = One(new PacketTracer(table, modulus => choice * ((modulus / 8) + 1) % modulus), from, address, port, protocol, fromWire);
            Assert.True(!outcomes.TryGetValue(target, out var other) || other == isMasqueraded, $"{target} is masqueraded by chance");
            outcomes[target] = isMasqueraded;
        }

        var plain = string.Join(' ', outcomes.Where(static pair => !pair.Value).Select(static pair => pair.Key));
        var masqueraded = string.Join(' ', outcomes.Where(static pair => pair.Value).Select(static pair => pair.Key));
        return (plain, masqueraded) switch
        {
            (_, "") => plain,
            ("", _) => $"masquerade {masqueraded}",
            _ => $"{plain}, masquerade {masqueraded}",
        };
    }

    /// <summary>What becomes of one packet, with a tracer that may remember earlier ones.</summary>
    public static (string Target, bool IsMasqueraded) One(PacketTracer tracer, string from, string address, ushort port, IpProtocol protocol = IpProtocol.Tcp, bool fromWire = false)
    {
        var isOwn = !fromWire && (IpAddress.Parse(from).IsLoopback || OfThisNode.Contains(IpAddress.Parse(from)));
        var packet = new TracePacket(IpAddress.Parse(from), IpAddress.Parse(address), protocol, 40000, port)
        {
            InputInterface = isOwn ? 0u : 2,
            AddressKindOf = static asked => asked.IsLoopback || OfThisNode.Contains(asked) ? AddressKind.Local : AddressKind.Unicast,
        };
        if (!isOwn && tracer.Has("loopback-guard") && tracer.Trace("loopback-guard", packet).Verdict == NftVerdictKind.Drop)
        {
            return ("dropped", false);
        }

        var there = tracer.Trace(isOwn ? "output" : "prerouting", packet);
        if (there.Verdict == NftVerdictKind.Drop)
        {
            return (there.Rejected is null ? "dropped" : "refused", false);
        }

        var leaving = tracer.Trace("postrouting", there.Packet);
        Assert.Equal(NftVerdictKind.Accept, leaving.Verdict);
        Assert.True(there.DnatAddress is null || leaving.Packet.Priority == 0, "the list's number left with the packet");
        return there.DnatAddress is { } target
            ? ($"{target}:{there.DnatPort}", leaving.IsMasqueraded)
            : (leaving.IsMasqueraded ? "masqueraded without translation" : "untouched", false);
    }
}
