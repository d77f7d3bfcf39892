using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Sets a meta key to a constant.</summary>
internal sealed record SetMetaTerm(MetaKey Key, NftValue Value) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        compiler.Add(new Immediate(NftRegister.At(0), Value));
        compiler.Add(new MetaSet(Key, NftRegister.At(0)));
    }
}

/// <summary>Sets a meta key to what a map says.</summary>
internal sealed record SetMetaFromMapTerm(MetaKey Key, NftMap Map, ValueList<Field> Fields) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireKey(Map, Fields);
        var register = NftRegister.At(0);
        compiler.Load(Fields.AsSpan());
        compiler.Add(new Lookup(Map.Name, register) { Destination = register });
        compiler.Add(new MetaSet(Key, register));
    }
}

/// <summary>Sets some bits of the packet's or the connection's mark.</summary>
internal sealed record SetMaskedTerm(bool OfConnection, uint Mask, uint Value) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        var register = NftRegister.At(0);
        compiler.Load([OfConnection ? Field.CtMark : Field.Mark]);
        compiler.Add(new Bitwise(register, register, NftValue.Of(~Mask), NftValue.Of(Value & Mask)));
        compiler.Add(OfConnection ? new CtSet(CtKey.Mark, register) : new MetaSet(MetaKey.Mark, register));
    }
}

/// <summary>Sets the connection's mark to a constant.</summary>
internal sealed record SetCtMarkTerm(NftValue Value) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        compiler.Add(new Immediate(NftRegister.At(0), Value));
        compiler.Add(new CtSet(CtKey.Mark, NftRegister.At(0)));
    }
}
