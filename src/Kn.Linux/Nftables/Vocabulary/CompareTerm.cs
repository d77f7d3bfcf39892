using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Compares a field with a value.</summary>
internal sealed record CompareTerm(Field Field, CompareOperator Operator, NftValue Value) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireLength(Field, Value);
        compiler.Load([Field]);
        compiler.Add(new Compare(NftRegister.At(0), Operator, Value));
    }
}

/// <summary>Compares some bits of a field with a value.</summary>
internal sealed record MaskTerm(Field Field, NftValue Mask, CompareOperator Operator, NftValue Value) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireLength(Field, Mask);
        SetTerm.RequireLength(Field, Value);
        var register = NftRegister.At(0);
        compiler.Load([Field]);
        compiler.Add(new Bitwise(register, register, Mask, NftValue.Of(new byte[Mask.Length])));
        compiler.Add(new Compare(register, Operator, Value));
    }
}

/// <summary>Asks whether a field is inside a range.</summary>
internal sealed record RangeTerm(Field Field, NftValue First, NftValue Last, bool Inverted) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireLength(Field, First);
        SetTerm.RequireLength(Field, Last);
        var register = NftRegister.At(0);
        compiler.Load([Field]);
        if (Inverted)
        {
            compiler.Add(new RangeCompare(register, IsInverted: true, First, Last));
            return;
        }

        // As nft does it; it lists two comparisons as one range.
        compiler.Add(new Compare(register, CompareOperator.GreaterOrEqual, First));
        compiler.Add(new Compare(register, CompareOperator.LessOrEqual, Last));
    }
}

/// <summary>Asks whether an address is inside a prefix.</summary>
internal sealed record PrefixTerm(Field Field, IpPrefix Prefix, bool Inverted) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        var compare = Inverted ? CompareOperator.NotEqual : CompareOperator.Equal;
        var bytes = Prefix.Address.ToBytes();
        var register = NftRegister.At(0);
        if (Prefix.Length > 0 && Prefix.Length % 8 == 0 && Field is PayloadField payload)
        {
            // Whole bytes: load only those, which spares the mask (and is what nft does).
            var count = Prefix.Length / 8;
            compiler.Add(new PayloadLoad(payload.Base, payload.OffsetBytes, (uint)count, register));
            compiler.Add(new Compare(register, compare, NftValue.Of(bytes.AsSpan(0, count))));
            return;
        }

        compiler.Load([Field]);
        compiler.Add(new Bitwise(register, register, Mask(), NftValue.Of(new byte[bytes.Length])));
        compiler.Add(new Compare(register, compare, NftValue.Of(bytes)));
    }

    private NftValue Mask()
    {
        var all = IpAddress.FromNumber(Prefix.Family, Prefix.Family == IpFamily.V6 ? UInt128.MaxValue : uint.MaxValue);
        return NftValue.Of(new IpPrefix(all, Prefix.Length).Address);
    }
}
