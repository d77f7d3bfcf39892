namespace Kn.Ingress.Http;

/// <summary>Knows where a body ends, whichever way it says so.</summary>
internal struct BodyMeter
{
    private ChunkScanner _chunks;
    private BodyFraming _framing;
    private long _left;

    /// <summary>Whether the body's end has been seen; never for one that ends with its connection.</summary>
    public readonly bool IsDone => _framing switch
    {
        BodyFraming.None => true,
        BodyFraming.Length => _left == 0,
        BodyFraming.Chunked => _chunks.IsDone,
        _ => false,
    };

    /// <summary>How it ends.</summary>
    public readonly BodyFraming Framing => _framing;

    /// <summary>How many bytes are missing, where that is known; else <see cref="long.MaxValue"/>.</summary>
    public readonly long Left => _framing == BodyFraming.Length ? _left : IsDone ? 0 : long.MaxValue;

    /// <summary>A body of which nothing has been seen.</summary>
    public static BodyMeter Of(BodyFraming framing, long length) => new() { _framing = framing, _left = length };

    /// <summary>Reads on.</summary>
    /// <returns>How many of the bytes are the body's; -1 when it is none.</returns>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        switch (_framing)
        {
            case BodyFraming.Length:
                var take = (int)Math.Min(_left, bytes.Length);
                _left -= take;
                return take;
            case BodyFraming.Chunked:
                return _chunks.Read(bytes);
            case BodyFraming.UntilClose:
                return bytes.Length;
            default:
                return 0;
        }
    }
}
