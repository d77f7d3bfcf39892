using Kn.Ingress.Http;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2.Messages;

/// <summary>Takes a body apart that is framed as in HTTP/1.1: into its content, which goes into DATA, and its trailers. Whether the framing is sound was
/// found out before (<see cref="BodyMeter"/>).</summary>
internal struct BodySplitter
{
    private BodyFraming _framing;
    private State _state;
    private long _left;
    private int _lineLength;
    private ByteQueue _trailers;

    private enum State : byte
    {
        Size,
        SizeLine,
        Content,
        ContentEnd,
        Trailer,
        Done,
    }

    /// <summary>Whether the end has been seen; never for a body that ends with its connection.</summary>
    public readonly bool IsDone => _state == State.Done;

    /// <summary>Trailer lines with the empty one that ends them; empty where there are none.</summary>
    public readonly ReadOnlySpan<byte> Trailers => _trailers.Length > 2 ? _trailers.Bytes : default;

    /// <summary>A body of which nothing has been seen.</summary>
    public static BodySplitter Of(BodyFraming framing, long length) => new()
    {
        _framing = framing,
        _left = framing == BodyFraming.Length ? length : 0,
        _state = framing == BodyFraming.Chunked ? State.Size : framing == BodyFraming.None || (framing == BodyFraming.Length && length == 0) ? State.Done : State.Content,
    };

    /// <summary>Goes on to the next piece of content.</summary>
    /// <param name="buffers">Where trailers are kept.</param>
    /// <param name="bytes">What came; moved on.</param>
    /// <param name="content">The piece.</param>
    /// <returns>False when there is none in these bytes, which are used up then.</returns>
    public bool Next(BufferPool buffers, ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> content)
    {
        while (!bytes.IsEmpty && _state != State.Done)
        {
            if (_state == State.Content)
            {
                var take = _framing == BodyFraming.UntilClose ? bytes.Length : (int)Math.Min(_left, bytes.Length);
                content = bytes[..take];
                bytes = bytes[take..];
                Take(take);
                return true;
            }

            Step(buffers, bytes[0]);
            bytes = bytes[1..];
        }

        bytes = content = default;
        return false;
    }

    /// <summary>Forgets the trailers.</summary>
    public void Clear(BufferPool buffers) => _trailers.Clear(buffers);

    private void Take(int count)
    {
        if (_framing != BodyFraming.UntilClose && (_left -= count) == 0)
        {
            _state = _framing == BodyFraming.Length ? State.Done : State.ContentEnd;
        }
    }

    private void Step(BufferPool buffers, byte value)
    {
        switch (_state)
        {
            case State.Size when char.IsAsciiHexDigit((char)value):
                _left = (_left << 4) + (value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
                break;
            case State.Size:
                _state = State.SizeLine;
                break;
            case State.SizeLine when value == '\n':
                _state = _left == 0 ? State.Trailer : State.Content;
                break;
            case State.ContentEnd when value == '\n':
                _state = State.Size;
                break;
            case State.Trailer:
                StepTrailer(buffers, value);
                break;
        }
    }

    private void StepTrailer(BufferPool buffers, byte value)
    {
        _trailers.Append(buffers, [value]);
        if (value != '\n')
        {
            _lineLength++;
            return;
        }

        _state = _lineLength <= 1 ? State.Done : State.Trailer;
        _lineLength = 0;
    }
}
