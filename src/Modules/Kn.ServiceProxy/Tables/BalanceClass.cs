using System.Globalization;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>How one of a list's endpoints is chosen: everything that a chain has to know beside the list's number.
/// All lists of a class share one chain.</summary>
/// <param name="Family">Family of the endpoints.</param>
/// <param name="Protocol">Protocol of the packets.</param>
/// <param name="AffinitySeconds">How long a client keeps its endpoint, 0 for a choice each time.</param>
/// <param name="Length">How many slots, at least 1: as many as endpoints, or more where a hash picks.</param>
/// <param name="Method">How a slot is picked.</param>
/// <param name="Lane">Which of the lanes of round robin, else 0: lists of one lane and length share a counter.</param>
internal readonly record struct BalanceClass(
    IpFamily Family, IpProtocol Protocol, int AffinitySeconds, int Length, BalanceMethod Method = BalanceMethod.Random, int Lane = 0)
{
    /// <summary>The class of empty IPv4 lists whose packets are dropped; that of IPv6 has the family's bit too.</summary>
    public const uint Drop = 1;

    /// <summary>The class of empty IPv4 lists whose packets are refused; that of IPv6 has the family's bit too.</summary>
    public const uint Refuse = 2;

    /// <summary>How many counters round robin has for each length. A counter belongs to a rule, so lists that share one take turns with
    /// each other: spread over lanes by their numbers, neighbours never do.</summary>
    public const int Lanes = 8;

    /// <summary>The first of the kinds for affinity; each timeout in use has one.</summary>
    public const uint FirstAffinityKind = 16;

    /// <summary>The last kind: the number has 7 bits.</summary>
    public const uint LastKind = 127;

    /// <summary>The bit of IPv6 classes.</summary>
    public const uint V6Bit = 0x8000_0000;

    /// <summary>The chain's name, such as random-tcp4-3, round-robin-5-tcp4-3 or affinity-10800-udp6-2.</summary>
    public string ChainName => string.Create(CultureInfo.InvariantCulture, $"{Choice}-{ProxyKey.ProtocolName(Protocol)}{(int)Family}-{Length}");

    /// <summary>The kind of a class without affinity.</summary>
    public uint MethodKind => Method switch
    {
        BalanceMethod.Random => 1,
        BalanceMethod.SourceHash => 2,
        BalanceMethod.DestinationHash => 3,
        _ => FirstAffinityKind - Lanes + (uint)Lane,
    };

    private string Choice => (AffinitySeconds, Method) switch
    {
        ( > 0, _) => string.Create(CultureInfo.InvariantCulture, $"affinity-{AffinitySeconds}"),
        (_, BalanceMethod.SourceHash) => "source-hash",
        (_, BalanceMethod.DestinationHash) => "destination-hash",
        (_, BalanceMethod.RoundRobin) => string.Create(CultureInfo.InvariantCulture, $"round-robin-{Lane}"),
        _ => "random",
    };

    /// <summary>The class's number: family (1 bit), kind (7), protocol (8), length (16); nft prints it as 8106:3.</summary>
    public uint Number(uint kind) =>
        (Family == IpFamily.V6 ? V6Bit : 0) | (kind << 24) | ((uint)Protocol << 16) | (uint)Length;

    /// <summary>The number of the class of empty lists.</summary>
    public static uint Empty(IpFamily family, bool drops) => (family == IpFamily.V6 ? V6Bit : 0) | (drops ? Drop : Refuse);

    /// <summary>True for a class of empty lists.</summary>
    public static bool IsEmpty(uint number) => (number & ~V6Bit) is Drop or Refuse;

    /// <summary>True for a class of empty lists whose packets are dropped.</summary>
    public static bool IsDrop(uint number) => (number & ~V6Bit) == Drop;

    /// <summary>The family of a class, by its number.</summary>
    public static IpFamily FamilyOf(uint number) => (number & V6Bit) != 0 ? IpFamily.V6 : IpFamily.V4;

    /// <summary>The kind within a class's number.</summary>
    public static uint KindOf(uint number) => (number & ~V6Bit) >> 24;

    /// <summary>Reads what <see cref="ChainName"/> writes.</summary>
    public static bool TryParse(string chainName, out BalanceClass balanceClass)
    {
        balanceClass = default;
        var parts = chainName.Split('-');
        if (parts.Length < 3
            || !TryParseChoice(parts.AsSpan(0, parts.Length - 2), out var choice)
            || !TryParseNumber(parts[^1], out var length) || length is 0 or > ServiceProxyPlan.MaxEndpoints
            || !TryParseProtocol(parts[^2], out var protocol, out var family))
        {
            return false;
        }

        balanceClass = choice with { Family = family, Protocol = protocol, Length = length };
        return string.Equals(balanceClass.ChainName, chainName, StringComparison.Ordinal);
    }

    private static bool TryParseChoice(ReadOnlySpan<string> words, out BalanceClass choice)
    {
        choice = default;
        switch (words)
        {
            case ["random"]:
                return true;
            case ["source", "hash"]:
                choice = new() { Method = BalanceMethod.SourceHash };
                return true;
            case ["destination", "hash"]:
                choice = new() { Method = BalanceMethod.DestinationHash };
                return true;
            case ["round", "robin", var lane] when TryParseNumber(lane, out var number) && number < Lanes:
                choice = new() { Method = BalanceMethod.RoundRobin, Lane = number };
                return true;
            case ["affinity", var timeout] when TryParseNumber(timeout, out var seconds) && seconds > 0:
                choice = new() { AffinitySeconds = seconds };
                return true;
            default:
                return false;
        }
    }

    private static bool TryParseNumber(string number, out int value) =>
        int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static bool TryParseProtocol(string text, out IpProtocol protocol, out IpFamily family)
    {
        (protocol, family) = text switch
        {
            "tcp4" => (IpProtocol.Tcp, IpFamily.V4),
            "tcp6" => (IpProtocol.Tcp, IpFamily.V6),
            "udp4" => (IpProtocol.Udp, IpFamily.V4),
            "udp6" => (IpProtocol.Udp, IpFamily.V6),
            "sctp4" => (IpProtocol.Sctp, IpFamily.V4),
            "sctp6" => (IpProtocol.Sctp, IpFamily.V6),
            _ => default,
        };
        return protocol != default;
    }
}
