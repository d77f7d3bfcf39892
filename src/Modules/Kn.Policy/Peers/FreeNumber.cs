using Kn.Policy.Planning;

namespace Kn.Policy.Peers;

/// <summary>Numbers from content.</summary>
internal static class FreeNumber
{
    /// <summary>The number that a hash asks for, or the next one that nobody has.</summary>
    /// <param name="hash">The hash of the content.</param>
    /// <param name="taken">Numbers that are taken.</param>
    /// <param name="lowest">Numbers below mean something else.</param>
    /// <param name="highBit">Whether the number has its highest bit; null for either.</param>
    public static uint From<T>(StableHash hash, Dictionary<uint, T> taken, uint lowest, bool? highBit = null)
    {
        const uint HighBit = 0x8000_0000;
        var (mask, high) = highBit is null ? (uint.MaxValue, 0u) : (HighBit - 1, highBit.Value ? HighBit : 0u);
        var number = hash.Value;
        while ((number & mask | high) < lowest || taken.ContainsKey(number & mask | high))
        {
            number++;
        }

        return number & mask | high;
    }
}
