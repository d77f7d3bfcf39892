using Kn.Primitives;

namespace Kn.Ingress.Features;

/// <summary>Numbers of texts and endpoints that are the same on every node and in every process: cookies name endpoints by them, and clients meet other
/// nodes. Not for secrets.</summary>
internal static class EndpointHash
{
    /// <summary>FNV-1a of a text, mixed.</summary>
    public static ulong Of(ReadOnlySpan<byte> text)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in text)
        {
            hash = (hash ^ value) * 1099511628211UL;
        }

        return Mix(hash);
    }

    /// <summary>An endpoint's.</summary>
    public static ulong Of(IpAddress address, ushort port)
    {
        Span<byte> bytes = stackalloc byte[18];
        var length = address.WriteBytes(bytes);
        bytes[length] = (byte)(port >> 8);
        bytes[length + 1] = (byte)port;
        return Of(bytes[..(length + 2)]);
    }

    /// <summary>How much an endpoint is the one for a value: that with the most gets it (rendezvous hashing, Thaler and Ravishankar 1998), so one that goes
    /// away takes nobody's but its own along.</summary>
    public static ulong Weigh(ulong value, ulong endpoint) => Mix(value ^ endpoint);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
