using System.Buffers.Binary;
using Kn.Linux.Nftables;
using Kn.Policy.Peers;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>The elements of the table.</summary>
internal static class PolicyElements
{
    /// <summary>The longest range of ports that is written port by port.</summary>
    private const int LongestList = 32;

    /// <summary>Pod: identity.</summary>
    public static NftElement Who(IpAddress address, Identity identity) => new(NftValue.Of(address), NftValue.Of(identity.Number));

    /// <summary>Range: identity.</summary>
    public static NftElement Net(AddressRange range, Identity identity) => new(NftValue.Of(range.First), NftValue.Of(identity.Number))
    {
        KeyEnd = range.First == range.Last ? default : NftValue.Of(range.Last),
    };

    /// <summary>Local pod: chain of a class, or open.</summary>
    public static NftElement Chain(IpAddress address, ClassState? state) => new(NftValue.Of(address), Verdict.Goto(state?.Name ?? PolicyRuleset.OpenChain));

    /// <summary>Local pod, twice.</summary>
    public static NftElement Self(IpAddress address) =>
        new(new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(address).Add(address).ToValue());

    /// <summary>Identity: profile.</summary>
    public static NftElement May(Identity identity, Profile profile) => new(NftValue.Of(identity.Number), NftValue.Of(profile.Number));

    /// <summary>The ports of a profile, each element with its set.</summary>
    public static IEnumerable<(NftSet Set, NftElement Element)> Ports(Profile profile)
    {
        foreach (var range in (IEnumerable<PortRange>)profile.Ports.Ranges)
        {
            if (range.IsWholeProtocol)
            {
                yield return (PolicySchema.Protocol, new NftElement(ProtocolKey(profile.Number, range)));
            }
            else if (range.Last - range.First >= LongestList)
            {
                yield return (PolicySchema.Range, new NftElement(RangeKey(profile.Number, range, range.First)) { KeyEnd = RangeKey(profile.Number, range, range.Last) });
            }
            else
            {
                for (int port = range.First; port <= range.Last; port++)
                {
                    yield return (PolicySchema.Port, new NftElement(PortKey(profile.Number, range, (ushort)port)));
                }
            }
        }
    }

    private static NftValue ProtocolKey(uint profile, PortRange range) =>
        new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(profile).Add([(byte)range.Protocol]).ToValue();

    private static NftValue PortKey(uint profile, PortRange range, ushort port) =>
        new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(profile).Add([(byte)range.Protocol]).AddPort(port).ToValue();

    /// <summary>Interval sets hold numbers in network order.</summary>
    private static NftValue RangeKey(uint profile, PortRange range, ushort port)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(number, profile);
        return new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(number).Add([(byte)range.Protocol]).AddPort(port).ToValue();
    }
}
