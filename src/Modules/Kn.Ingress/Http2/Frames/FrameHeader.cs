using System.Buffers.Binary;

namespace Kn.Ingress.Http2.Frames;

/// <summary>What each frame begins with (RFC 9113 §4.1).</summary>
/// <remarks>
/// <code>
/// Length (24)   Type (8)   Flags (8)   Reserved (1)  Stream Identifier (31)
/// </code>
/// </remarks>
/// <param name="Length">Octets that follow.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Stream">Whose it is; 0 for the connection's.</param>
internal readonly record struct FrameHeader(int Length, FrameKind Kind, FrameFlags Flags, int Stream)
{
    /// <summary>Octets of a header.</summary>
    public const int Size = 9;

    /// <summary>Longest frame that anybody has to take, and that Kn takes and sends (SETTINGS_MAX_FRAME_SIZE).</summary>
    public const int MaxLength = 16 << 10;

    /// <summary>Reads a header.</summary>
    /// <returns>False when it is not all there.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        if (bytes.Length < Size)
        {
            header = default;
            return false;
        }

        var lengthAndKind = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        header = new FrameHeader((int)(lengthAndKind >> 8), (FrameKind)lengthAndKind, (FrameFlags)bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & int.MaxValue);
        return true;
    }

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)Length << 8) | (byte)Kind);
        destination[4] = (byte)Flags;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], Stream);
    }

    /// <summary>Whether a flag is set.</summary>
    public bool Has(FrameFlags flag) => (Flags & flag) != 0;
}
