using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Asks whether a set holds fields.</summary>
internal sealed record SetTerm(NftSet Set, ValueList<Field> Fields, bool Inverted) : RuleTerm
{
    internal override void Compile(RuleCompiler compiler)
    {
        RequireKey(Set, Fields);
        compiler.Load(Fields.AsSpan());
        compiler.Add(new Lookup(Set.Name, NftRegister.At(0)) { IsInverted = Inverted });
    }

    /// <exception cref="ArgumentException">The fields have not the lengths of the key's.</exception>
    internal static void RequireKey(NftSet set, ValueList<Field> fields) => Require(set.Name, "key", set.Key, fields);

    internal static void Require(string setName, string part, NftKey key, ValueList<Field> fields)
    {
        var fits = key.Fields.Count == fields.Count;
        for (var i = 0; fits && i < fields.Count; i++)
        {
            fits = key.Fields[i].Type.LengthBytes == fields[i].Type.LengthBytes;
        }

        if (!fits)
        {
            throw new ArgumentException($"the {part} of set {setName} is '{key}', not '{string.Join(" . ", (IEnumerable<Field>)fields)}'");
        }
    }

    internal static void RequireLength(Field field, NftValue value)
    {
        if (value.Length != field.Type.LengthBytes)
        {
            throw new ArgumentException($"'{field}' has {field.Type.LengthBytes} bytes, the value {value} has {value.Length}");
        }
    }
}
