using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Takes the verdict that a map has for fields.</summary>
internal sealed record VerdictMapTerm(NftMap Map, ValueList<Field> Fields) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireKey(Map, Fields);
        if (!Map.IsVerdictMap)
        {
            throw new ArgumentException($"map {Map.Name} has data, not verdicts");
        }

        compiler.Load(Fields.AsSpan());
        compiler.Add(new Lookup(Map.Name, NftRegister.At(0)) { Destination = NftRegister.Verdict });
    }
}
