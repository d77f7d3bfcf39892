using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kn.LoadBalancer.Heartbeats;

/// <summary>One heartbeat, and its bytes.</summary>
/// <param name="Node">Who sends it.</param>
/// <param name="State">What it says of itself.</param>
/// <param name="Grace">With <see cref="NodeState.Restarting"/>: for how long it asks others to wait.</param>
/// <param name="Incarnation">Grows with each start of the sender's agent.</param>
/// <param name="Counter">Grows with each heartbeat of an incarnation: what is not greater than the last is old, or a replay.</param>
/// <remarks>All numbers in network order:
/// <code>
///  0  4  "KnHb"                     16  8  counter
///  4  1  version, 1                 24  1  length of the node's name
///  5  1  state                      25  n  node's name, UTF-8
///  6  2  grace, in 100 ms          25+n 16 HMAC-SHA-256 of everything before, cut to 128 bits (RFC 2104 §5)
///  8  8  incarnation
/// </code></remarks>
internal readonly record struct Heartbeat(string Node, NodeState State, TimeSpan Grace, long Incarnation, long Counter)
{
    /// <summary>Room for any.</summary>
    public const int MaxBytes = HeaderBytes + MaxNameBytes + TagBytes;

    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private const int HeaderBytes = 25;
    private const int MaxNameBytes = 253;
    private const int TagBytes = 16;
    private const byte Version = 1;
    private static readonly TimeSpan s_graceUnit = TimeSpan.FromMilliseconds(100);

    private static ReadOnlySpan<byte> Magic => "KnHb"u8;

    /// <summary>Writes it, signed; returns its length.</summary>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        Magic.CopyTo(destination);
        destination[4] = Version;
        destination[5] = (byte)State;
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)Math.Clamp(Grace / s_graceUnit, 0, ushort.MaxValue));
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], Counter);
        var length = Encoding.UTF8.GetBytes(Node, destination.Slice(HeaderBytes, MaxNameBytes));
        destination[24] = (byte)length;
        var signed = destination[..(HeaderBytes + length)];
        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signed, tag);
        tag[..TagBytes].CopyTo(destination[signed.Length..]);
        return signed.Length + TagBytes;
    }

    /// <summary>Reads one.</summary>
    /// <param name="datagram">As it came.</param>
    /// <param name="key">What it must be signed with.</param>
    /// <param name="heartbeat">What it says.</param>
    public static HeartbeatFault TryRead(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> key, out Heartbeat heartbeat)
    {
        heartbeat = default;
        if (datagram.Length < HeaderBytes + TagBytes || !datagram.StartsWith(Magic) || datagram[4] != Version
            || datagram.Length != HeaderBytes + datagram[24] + TagBytes || datagram[5] is < (byte)NodeState.Up or > (byte)NodeState.Leaving)
        {
            return HeartbeatFault.NotOne;
        }

        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, datagram[..^TagBytes], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag[..TagBytes], datagram[^TagBytes..]))
        {
            return HeartbeatFault.WrongKey;
        }

        heartbeat = new Heartbeat(
            Encoding.UTF8.GetString(datagram.Slice(HeaderBytes, datagram[24])),
            (NodeState)datagram[5],
            BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]) * s_graceUnit,
            BinaryPrimitives.ReadInt64BigEndian(datagram[8..]),
            BinaryPrimitives.ReadInt64BigEndian(datagram[16..]));
        return HeartbeatFault.None;
    }
}

/// <summary>What is wrong with a datagram.</summary>
internal enum HeartbeatFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is no heartbeat of a version that is known.</summary>
    NotOne,

    /// <summary>It is signed with another key, or damaged.</summary>
    WrongKey,
}
