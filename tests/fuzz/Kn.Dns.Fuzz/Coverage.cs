using System.Numerics;

namespace Kn.Dns.Fuzz;

/// <summary>Which ways through the code were taken, counted by code that <c>Instrumentation</c> has put into it. For one thread.</summary>
/// <remarks>As AFL does: a way is two blocks one after the other, its place in the map a mixture of their numbers; how often it was taken
/// counts in steps of about a power of two. Without instrumentation nothing is ever counted.</remarks>
public static class Coverage
{
    private const int Size = 1 << 16;
    private static readonly byte[] Taken = new byte[Size];
    private static readonly byte[] Seen = new byte[Size];
    private static int _last;

    /// <summary>Different ways that were ever taken.</summary>
    public static int Ways { get; private set; }

    /// <summary>Called by the code at the beginning of each of its blocks.</summary>
    public static void Hit(int block)
    {
        Taken[(block ^ _last) & (Size - 1)]++;
        _last = block >> 1;
    }

    /// <summary>Forgets the ways of the last message.</summary>
    internal static void Begin()
    {
        Array.Clear(Taken);
        _last = 0;
    }

    /// <summary>What the message has shown beyond all before it.</summary>
    internal static Discovery End()
    {
        var discovery = Discovery.Nothing;
        for (var at = Taken.AsSpan().IndexOfAnyExcept((byte)0); at >= 0;)
        {
            var step = (byte)(1 << Math.Min(BitOperations.Log2(Taken[at]), 7));
            if ((Seen[at] & step) == 0)
            {
                discovery = Seen[at] == 0 ? Discovery.Way : discovery == Discovery.Way ? discovery : Discovery.Count;
                Ways += Seen[at] == 0 ? 1 : 0;
                Seen[at] |= step;
            }

            var next = Taken.AsSpan(at + 1).IndexOfAnyExcept((byte)0);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return discovery;
    }
}

/// <summary>What a message has shown.</summary>
internal enum Discovery
{
    /// <summary>Nothing new.</summary>
    Nothing,

    /// <summary>A known way, taken more or less often than ever.</summary>
    Count,

    /// <summary>A new way.</summary>
    Way,
}
