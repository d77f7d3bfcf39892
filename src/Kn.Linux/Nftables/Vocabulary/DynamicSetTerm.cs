using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Adds, updates or deletes an element from the packet path.</summary>
internal sealed record DynamicSetTerm(
    DynamicSetOperation Operation,
    NftSet Set,
    ValueList<Field> Key,
    TimeSpan? Timeout,
    ValueList<Field> Data,
    ValueList<NftExpression> Expressions) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        SetTerm.RequireKey(Set, Key);
        var dataKey = (Set as NftMap)?.Data;
        if (dataKey is null != Data.IsEmpty)
        {
            throw new ArgumentException($"set {Set.Name} {(dataKey is null ? "has no data" : $"wants data '{dataKey}'")}");
        }

        var end = compiler.Load(Key.AsSpan());
        NftRegister? dataSource = null;
        if (dataKey is not null)
        {
            SetTerm.Require(Set.Name, "data", dataKey, Data);
            var word = RuleCompiler.NextFull(end);
            compiler.Load(Data.AsSpan(), word);
            dataSource = NftRegister.At(word);
        }

        compiler.Add(new DynamicSet(Operation, Set.Name, NftRegister.At(0))
        {
            DataSource = dataSource,
            Timeout = Timeout ?? TimeSpan.Zero,
            Expressions = Expressions,
        });
    }
}
