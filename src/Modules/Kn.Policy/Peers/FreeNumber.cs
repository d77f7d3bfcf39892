using Kn.Policy.Planning;

namespace Kn.Policy.Peers;

/// <summary>Numbers from content.</summary>
internal static class FreeNumber
{
    /// <summary>The number that a hash asks for, or the next one that nobody has.</summary>
    /// <param name="hash">The hash of the content.</param>
    /// <param name="taken">Numbers that are taken.</param>
    /// <param name="lowest">Numbers below mean something else.</param>
    public static uint From<T>(StableHash hash, Dictionary<uint, T> taken, uint lowest)
    {
        var number = hash.Value;
        while (number < lowest || taken.ContainsKey(number))
        {
            number++;
        }

        return number;
    }
}
