using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Translates to a constant address.</summary>
internal sealed record NatTerm(NatKind Kind, IpAddress Address, ushort? Port) : RuleTerm
{
    public NatFlags Flags { get; init; }

    internal override void Compile(RuleCompiler compiler)
    {
        var address = NftRegister.At(0);
        var port = NftRegister.At(RuleCompiler.NextFull(Address.ByteCount / 4));
        compiler.Add(new Immediate(address, NftValue.Of(Address)));
        if (Port is { } number)
        {
            compiler.Add(new Immediate(port, NftValue.OfPort(number)));
        }

        compiler.Add(new Nat(Kind, Address.Family == IpFamily.V6 ? NftFamily.Ip6 : NftFamily.Ip)
        {
            Address = address,
            Port = Port is null ? null : port,
            Flags = Flags,
        });
    }
}

/// <summary>Translates to what a map says: an address, or an address and a port.</summary>
internal sealed record NatFromMapTerm(NatKind Kind, NftMap Map, ValueList<Field> Fields) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireKey(Map, Fields);
        var family = FamilyOfData();
        var register = NftRegister.At(0);
        compiler.Load(Fields.AsSpan());
        compiler.Add(new Lookup(Map.Name, register) { Destination = register });
        compiler.Add(new Nat(Kind, family)
        {
            Address = register,
            Port = Map.Data!.Fields.Count == 2 ? NftRegister.At(Map.Data.Fields[0].Type.Words) : null,
        });
    }

    private NftFamily FamilyOfData()
    {
        var fields = Map.Data?.Fields ?? default;
        var portFits = fields.Count == 1 || (fields.Count == 2 && fields[1].Type == NftDataType.InetService);
        return portFits && fields[0].Type == NftDataType.Ipv4Address ? NftFamily.Ip
            : portFits && fields[0].Type == NftDataType.Ipv6Address ? NftFamily.Ip6
            : throw new ArgumentException($"the data of map {Map.Name} is not an address, or an address and a port");
    }
}
