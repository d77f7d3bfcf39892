using System.Buffers.Binary;

namespace Kn.Bgp.Messages;

/// <summary>What every message begins with.</summary>
/// <remarks>RFC 4271 §4.1.
/// <code>
///  0 16  marker: all ones
/// 16  2  length of the whole message
/// 18  1  type
/// </code></remarks>
internal static class MessageHeader
{
    internal const int Size = 19;

    /// <summary>Longest message, when nothing else was agreed on.</summary>
    internal const int MaxLength = 4096;

    /// <summary>Longest message of a session with extended messages (RFC 8654).</summary>
    internal const int MaxExtendedLength = 65535;

    private const int LengthOffset = 16;
    private const int TypeOffset = 18;

    /// <summary>Reads the header at the start of what was received.</summary>
    /// <param name="buffer">Received bytes, of which the last message may be cut.</param>
    /// <param name="maxLength">The longest message that was agreed on.</param>
    /// <param name="type">The type of the message.</param>
    /// <param name="length">Its length with the header; the buffer may hold fewer.</param>
    /// <param name="error">What to answer when the header is wrong (RFC 4271 §6.1).</param>
    /// <returns>False when the header is cut or wrong.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> buffer, int maxLength, out BgpMessageType type, out int length, out BgpError? error)
    {
        type = default;
        length = 0;
        error = null;
        if (buffer.Length < Size)
        {
            return false;
        }

        length = BinaryPrimitives.ReadUInt16BigEndian(buffer[LengthOffset..]);
        type = (BgpMessageType)buffer[TypeOffset];
        if (buffer[..LengthOffset].ContainsAnyExcept((byte)0xFF))
        {
            error = BgpError.NotSynchronized;
        }
        else if (type is < BgpMessageType.Open or > BgpMessageType.RouteRefresh)
        {
            error = BgpError.BadMessageType((byte)type);
        }
        else if (!IsLengthOf(type, length, maxLength))
        {
            error = BgpError.BadMessageLength((ushort)length);
        }

        return error is null;
    }

    /// <summary>Writes the header of a message that fills the span.</summary>
    internal static void Write(Span<byte> message, BgpMessageType type)
    {
        message[..LengthOffset].Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(message[LengthOffset..], checked((ushort)message.Length));
        message[TypeOffset] = (byte)type;
    }

    /// <summary>RFC 4271 §6.1; RFC 8654 §4: OPEN and KEEPALIVE do not grow.</summary>
    private static bool IsLengthOf(BgpMessageType type, int length, int maxLength) => type switch
    {
        BgpMessageType.Open => length is >= 29 and <= MaxLength,
        BgpMessageType.Update => length >= 23 && length <= maxLength,
        BgpMessageType.Notification => length >= 21 && length <= maxLength,
        BgpMessageType.Keepalive => length == Size,
        _ => length >= 23 && length <= maxLength,
    };
}
