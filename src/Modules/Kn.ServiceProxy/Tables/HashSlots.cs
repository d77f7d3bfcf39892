using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>Gives each slot of a hashed list to an endpoint, so that a change of the endpoints moves as few slots as can be. Pure: the same
/// endpoints give the same slots, on every node.</summary>
/// <remarks>Rendezvous hashing (Thaler and Ravishankar, 1998): every endpoint draws a number for every slot, the highest has it. An
/// endpoint that goes leaves its own slots to the others, one that comes takes its share of them; no other slot changes hands.
/// The number of slots grows in steps with that of the endpoints; only crossing a step deals all of them anew.</remarks>
internal static class HashSlots
{
    /// <summary>More endpoints than this have one slot each: to compare all of them for each slot would take too long.</summary>
    public const int MostEndpoints = 1000;

    /// <summary>How many slots a list has.</summary>
    public static int Count(BalanceMethod method, int endpoints) => !IsHash(method) ? endpoints : endpoints switch
    {
        <= 1 => endpoints,
        <= 32 => 251,
        <= 256 => 2039,
        <= MostEndpoints => 8191,
        _ => endpoints,
    };

    /// <summary>The slots of a list, given its endpoints.</summary>
    public static IReadOnlyList<Slot> Of(BalanceMethod method, ValueList<Slot> endpoints)
    {
        var count = Count(method, endpoints.Count);
        return count == endpoints.Count ? endpoints : Deal(endpoints, count);
    }

    private static bool IsHash(BalanceMethod method) => method is BalanceMethod.SourceHash or BalanceMethod.DestinationHash;

    private static Slot[] Deal(ValueList<Slot> endpoints, int count)
    {
        var draws = endpoints.Select(static endpoint => HashOf(endpoint.Endpoint)).ToArray();
        var winners = new int[count];
        var won = new int[draws.Length];
        for (var slot = 0; slot < count; slot++)
        {
            winners[slot] = Winner(draws, slot);
            won[winners[slot]]++;
        }

        GiveToThoseWithoutAny(draws, winners, won);
        return Array.ConvertAll(winners, winner => endpoints[winner]);
    }

    private static int Winner(ulong[] draws, int slot)
    {
        var (winner, highest) = (0, Draw(draws[0], slot));
        for (var i = 1; i < draws.Length; i++)
        {
            var draw = Draw(draws[i], slot);
            if (draw > highest)
            {
                (winner, highest) = (i, draw);
            }
        }

        return winner;
    }

    /// <summary>Bad luck at eight slots an endpoint, once in three thousand: an endpoint without any takes the slot of its highest draw.</summary>
    private static void GiveToThoseWithoutAny(ulong[] draws, int[] winners, int[] won)
    {
        for (var i = 0; i < won.Length; i++)
        {
            if (won[i] != 0)
            {
                continue;
            }

            var slot = Sequence.Range(0, winners.Length).Where(slot => won[winners[slot]] > 1).MaxBy(slot => Draw(draws[i], slot));
            won[winners[slot]]--;
            winners[slot] = i;
            won[i] = 1;
        }
    }

    private static ulong Draw(ulong endpoint, int slot) => Mix(endpoint ^ ((ulong)(slot + 1) * 0x9E37_79B9_7F4A_7C15));

    private static ulong HashOf(EndpointAddress endpoint)
    {
        var number = endpoint.Address.Number;
        return Mix(Mix((ulong)(number >> 64) + 1) ^ Mix((ulong)number + endpoint.Port * 0x1_0000_0001_0000UL));
    }

    /// <summary>The finalizer of splitmix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of the number.</summary>
    private static ulong Mix(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9;
        number = (number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB;
        return number ^ (number >> 31);
    }
}
