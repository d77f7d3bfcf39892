using System.Buffers.Binary;

namespace Kn.Ingress.Http2.Frames;

/// <summary>Reads what is in frames. Pure.</summary>
internal static class FramePayload
{
    private const int PriorityLength = 5;

    /// <summary>What DATA or HEADERS carry, without padding and priority (RFC 9113 §6.1, §6.2).</summary>
    /// <param name="header">The frame's header.</param>
    /// <param name="payload">All that follows it.</param>
    /// <param name="content">What it carries.</param>
    /// <param name="dependsOn">The stream that the priority names; 0 where there is none.</param>
    /// <returns>PROTOCOL_ERROR where the padding is as long as the frame, FRAME_SIZE_ERROR where not even its length is there.</returns>
    public static Http2Error ReadContent(in FrameHeader header, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> content, out int dependsOn)
    {
        content = payload;
        dependsOn = 0;
        if (header.Has(FrameFlags.Padded))
        {
            if (payload.IsEmpty)
            {
                return Http2Error.FrameSize;
            }

            if (payload[0] >= payload.Length)
            {
                return Http2Error.Protocol;
            }

            content = payload[1..^payload[0]];
        }

        if (header.Kind == FrameKind.Headers && header.Has(FrameFlags.Priority))
        {
            if (content.Length < PriorityLength)
            {
                return Http2Error.FrameSize;
            }

            dependsOn = ReadStream(content);
            content = content[PriorityLength..];
        }

        return Http2Error.None;
    }

    /// <summary>The number of 31 bits that RST_STREAM's neighbours begin with: a stream, or an increment.</summary>
    public static int ReadStream(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;

    /// <summary>What is wrong with a frame by its length and stream alone; <see cref="Http2Error.None"/> for nothing.</summary>
    /// <remarks>RFC 9113 §6: each is an error of the connection, but for PRIORITY's length.</remarks>
    public static Http2Error Check(in FrameHeader header)
    {
        if (header.Length > FrameHeader.MaxLength)
        {
            return Http2Error.FrameSize;
        }

        return header.Kind switch
        {
            FrameKind.Data or FrameKind.Headers or FrameKind.Continuation or FrameKind.Priority => OfStream(header, isSized: true),
            FrameKind.Reset => OfStream(header, header.Length == 4),
            FrameKind.WindowUpdate => header.Length == 4 ? Http2Error.None : Http2Error.FrameSize,
            FrameKind.Settings => OfConnection(header, header.Has(FrameFlags.Ack) ? header.Length == 0 : header.Length % 6 == 0),
            FrameKind.Ping => OfConnection(header, header.Length == 8),
            FrameKind.GoAway => OfConnection(header, header.Length >= 8),
            _ => Http2Error.None,
        };
    }

    private static Http2Error OfStream(in FrameHeader header, bool isSized) => header.Stream == 0 ? Http2Error.Protocol : isSized ? Http2Error.None : Http2Error.FrameSize;

    private static Http2Error OfConnection(in FrameHeader header, bool isSized) => header.Stream != 0 ? Http2Error.Protocol : isSized ? Http2Error.None : Http2Error.FrameSize;
}
