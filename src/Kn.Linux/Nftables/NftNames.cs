using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>The words of nft for numbers of the kernel.</summary>
internal static class NftNames
{
    internal static string Of(NftFamily family) => family switch
    {
        NftFamily.Inet => "inet",
        NftFamily.Ip => "ip",
        NftFamily.Ip6 => "ip6",
        NftFamily.Arp => "arp",
        NftFamily.Bridge => "bridge",
        NftFamily.Netdev => "netdev",
        _ => $"family-{(byte)family}",
    };

    internal static string Of(NftVerdictKind kind) => kind switch
    {
        NftVerdictKind.Drop => "drop",
        NftVerdictKind.Accept => "accept",
        NftVerdictKind.Stolen => "stolen",
        NftVerdictKind.Queue => "queue",
        NftVerdictKind.Continue => "continue",
        NftVerdictKind.Break => "break",
        NftVerdictKind.Jump => "jump",
        NftVerdictKind.Goto => "goto",
        NftVerdictKind.Return => "return",
        _ => $"verdict-{(int)kind}",
    };

    internal static string Of(NftVerb verb) => verb switch
    {
        NftVerb.Add => "add",
        NftVerb.Create => "create",
        NftVerb.Insert => "insert",
        NftVerb.Replace => "replace",
        NftVerb.Delete => "delete",
        NftVerb.Destroy => "destroy",
        NftVerb.Flush => "flush",
        _ => $"verb-{(int)verb}",
    };

    internal static string Of(NftChainType type) => type switch
    {
        NftChainType.Nat => "nat",
        NftChainType.Route => "route",
        _ => "filter",
    };

    internal static string Of(NftHookPoint point) => point switch
    {
        NftHookPoint.Prerouting => "prerouting",
        NftHookPoint.Input => "input",
        NftHookPoint.Forward => "forward",
        NftHookPoint.Output => "output",
        NftHookPoint.Postrouting => "postrouting",
        NftHookPoint.Ingress => "ingress",
        NftHookPoint.Egress => "egress",
        _ => $"hook-{(byte)point}",
    };

    internal static string Of(NftPolicy policy) => policy == NftPolicy.Drop ? "drop" : "accept";

    internal static string Of(PayloadHeader payloadBase) => payloadBase switch
    {
        PayloadHeader.Link => "link",
        PayloadHeader.Network => "network",
        PayloadHeader.Transport => "transport",
        PayloadHeader.Inner => "inner",
        _ => $"base-{(uint)payloadBase}",
    };

    internal static string Of(CompareOperator compare) => compare switch
    {
        CompareOperator.Equal => "eq",
        CompareOperator.NotEqual => "neq",
        CompareOperator.Less => "lt",
        CompareOperator.LessOrEqual => "lte",
        CompareOperator.Greater => "gt",
        CompareOperator.GreaterOrEqual => "gte",
        _ => $"op-{(uint)compare}",
    };

    internal static string Of(ConnectionDirection direction) => direction switch
    {
        ConnectionDirection.Original => "original",
        ConnectionDirection.Reply => "reply",
        _ => $"direction-{(byte)direction}",
    };

    internal static string Of(NumberGeneratorKind kind) => kind == NumberGeneratorKind.Random ? "random" : "inc";

    internal static string Of(DynamicSetOperation operation) => operation switch
    {
        DynamicSetOperation.Add => "add",
        DynamicSetOperation.Update => "update",
        DynamicSetOperation.Delete => "delete",
        _ => $"op-{(uint)operation}",
    };

    internal static string Of(FibResult result) => result switch
    {
        FibResult.OutputInterface => "oif",
        FibResult.OutputInterfaceName => "oifname",
        FibResult.AddressType => "type",
        _ => $"result-{(uint)result}",
    };

    internal static string Of(FibFlags flags)
    {
        var words = new List<string>();
        AddWord(FibFlags.Source, "saddr");
        AddWord(FibFlags.Destination, "daddr");
        AddWord(FibFlags.Mark, "mark");
        AddWord(FibFlags.InputInterface, "iif");
        AddWord(FibFlags.OutputInterface, "oif");
        return string.Join(" . ", words);

        void AddWord(FibFlags flag, string word)
        {
            if (flags.HasFlag(flag))
            {
                words.Add(word);
            }
        }
    }

    internal static string OfUnit(ulong seconds) => seconds switch
    {
        1 => "second",
        60 => "minute",
        3600 => "hour",
        86400 => "day",
        604800 => "week",
        _ => $"{seconds}s",
    };

    /// <summary>A register's bytes as <c>nft --debug=netlink</c> shows them: 32-bit words in host order.</summary>
    internal static string Words(NftValue value)
    {
        var text = new StringBuilder();
        Span<byte> word = stackalloc byte[sizeof(uint)];
        for (var i = 0; i < value.Length; i += sizeof(uint))
        {
            word.Clear();
            value.Bytes[i..Math.Min(i + sizeof(uint), value.Length)].CopyTo(word);
            text.Append(i == 0 ? "0x" : " 0x").Append(MemoryMarshal.Read<uint>(word).ToString("x8", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
