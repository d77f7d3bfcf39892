using System.Buffers.Binary;

namespace Kn.Dns.Wire;

/// <summary>Messages in a stream stand behind their length in two bytes (RFC 1035 §4.2.2).</summary>
internal static class TcpFrame
{
    /// <summary>Bytes of the length.</summary>
    public const int PrefixSize = 2;

    /// <summary>Finds the first message in what has come so far; false until it is whole.</summary>
    /// <param name="buffered">What has come and was not consumed.</param>
    /// <param name="message">The message without its length; empty when it says that it has none.</param>
    /// <param name="consumed">Bytes to take off the buffer.</param>
    public static bool TryRead(ReadOnlySpan<byte> buffered, out ReadOnlySpan<byte> message, out int consumed)
    {
        message = default;
        consumed = 0;
        if (buffered.Length < PrefixSize)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(buffered);
        if (buffered.Length < PrefixSize + length)
        {
            return false;
        }

        message = buffered.Slice(PrefixSize, length);
        consumed = PrefixSize + length;
        return true;
    }

    /// <summary>Writes the length before a message that begins at <see cref="PrefixSize"/>, and returns how long both are.</summary>
    public static int Complete(Span<byte> frame, int messageLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(frame, checked((ushort)messageLength));
        return PrefixSize + messageLength;
    }
}
