using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>A hash that is the same in every process and on every machine, so that a restart gives things the numbers they had. FNV-1a, 32 bits.</summary>
internal readonly record struct StableHash(uint Value)
{
    private const uint OffsetBasis = 2166136261;
    private const uint Prime = 16777619;

    /// <summary>The hash of nothing.</summary>
    public static StableHash Start { get; } = new(OffsetBasis);

    /// <summary>Adds a text, and an end that no text has inside.</summary>
    public StableHash Add(string text)
    {
        var value = Value;
        foreach (var letter in text)
        {
            value = (value ^ (letter & 0xffu)) * Prime;
            value = (value ^ (uint)(letter >> 8)) * Prime;
        }

        return new StableHash((value ^ 0xffff) * Prime);
    }

    /// <summary>Adds a prefix.</summary>
    public StableHash Add(IpPrefix prefix)
    {
        var number = prefix.Address.Number;
        return Add(((uint)prefix.Address.Family << 16) | (uint)prefix.Length)
            .Add((uint)(number >> 96)).Add((uint)(number >> 64)).Add((uint)(number >> 32)).Add((uint)number);
    }

    /// <summary>Adds a number.</summary>
    public StableHash Add(uint number)
    {
        var value = Value;
        for (var shift = 0; shift < 32; shift += 8)
        {
            value = (value ^ ((number >> shift) & 0xff)) * Prime;
        }

        return new StableHash(value);
    }
}
