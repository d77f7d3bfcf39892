namespace Kn.Ingress.Http;

/// <summary>Follows a chunked body byte by byte, in pieces of any size, to find where it ends and that nobody can read it otherwise.</summary>
/// <remarks>
/// RFC 9112 §7.1:
/// <code>
/// chunk        = 1*HEXDIG [ chunk-ext ] CRLF  chunk-data CRLF
/// last-chunk   = 1*"0" [ chunk-ext ] CRLF  *( field-line CRLF ) CRLF
/// </code>
/// The bytes are passed on as they are. Strict: every line ends in CRLF, sizes are hexadecimal digits at once, extensions and trailers are
/// short and hold no control characters; trailers that would frame or route the message are refused (RFC 9110 §6.5.1).
/// </remarks>
internal struct ChunkScanner
{
    /// <summary>15 digits: more than any disk.</summary>
    private const int MaxSizeDigits = 15;

    /// <summary>Extensions and trailers mean nothing to anybody; what is long is there to tire.</summary>
    private const int MaxLineBytes = 4096;

    private const int MaxTrailerBytes = 16 << 10;
    private State _state;
    private long _left;
    private int _digits;
    private int _lineBytes;
    private int _trailerBytes;
    private TrailerName _name;

    /// <summary>Whether the body's end has been seen.</summary>
    public readonly bool IsDone => _state == State.Done;

    /// <summary>Reads on.</summary>
    /// <param name="bytes">What came.</param>
    /// <returns>How many of the bytes are the body's; -1 when it is none.</returns>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && _state != State.Done)
        {
            if (_state == State.Content)
            {
                var take = (int)Math.Min(_left, bytes.Length - at);
                _left -= take;
                at += take;
                _state = _left == 0 ? State.ContentEnd : State.Content;
            }
            else if (!Step(bytes[at++]))
            {
                return -1;
            }
        }

        return at;
    }

    private bool Step(byte value) => _state switch
    {
        State.Size => OnSize(value),
        State.Extension => OnExtension(value),
        State.SizeEnd => OnSizeEnd(value),
        State.ContentEnd => Expect(value, '\r', State.ContentEndLine),
        State.ContentEndLine => Expect(value, '\n', State.Size),
        State.Trailer => OnTrailer(value),
        State.TrailerText => OnTrailerText(value),
        State.TrailerEnd => Expect(value, '\n', State.Trailer),
        _ => Expect(value, '\n', State.Done),
    };

    private bool Expect(byte value, char expected, State next)
    {
        _state = next;
        return value == expected;
    }

    private bool OnSize(byte value)
    {
        if (char.IsAsciiHexDigit((char)value))
        {
            _left = (_left << 4) + (value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
            return ++_digits <= MaxSizeDigits;
        }

        if (_digits == 0)
        {
            return false;
        }

        _lineBytes = 0;
        _state = value == '\r' ? State.SizeEnd : State.Extension;
        return value is (byte)'\r' or (byte)';' or (byte)' ' or (byte)'\t';
    }

    private bool OnExtension(byte value)
    {
        if (value == '\r')
        {
            _state = State.SizeEnd;
            return true;
        }

        return !IsControl(value) && ++_lineBytes <= MaxLineBytes;
    }

    private bool OnSizeEnd(byte value)
    {
        _state = _left == 0 ? State.Trailer : State.Content;
        _digits = 0;
        return value == '\n';
    }

    private bool OnTrailer(byte value)
    {
        if (value == '\r')
        {
            _state = State.LastLine;
            return true;
        }

        _name = default;
        _state = State.TrailerText;
        return OnTrailerText(value);
    }

    private bool OnTrailerText(byte value)
    {
        if (++_trailerBytes > MaxTrailerBytes)
        {
            return false;
        }

        if (value == '\r')
        {
            _state = State.TrailerEnd;
            return _name.IsComplete;
        }

        return _name.IsComplete ? !IsControl(value) : _name.Add(value);
    }

    private static bool IsControl(byte value) => value is < 0x20 and not (byte)'\t' or 0x7F;

    private enum State : byte
    {
        Size,
        Extension,
        SizeEnd,
        Content,
        ContentEnd,
        ContentEndLine,
        Trailer,
        TrailerText,
        TrailerEnd,
        LastLine,
        Done,
    }

    /// <summary>A trailer's name as it comes: up to a length that the refused ones have.</summary>
    private struct TrailerName
    {
        private const int Longest = 17;
        private Letters _letters;
        private int _length;

        public bool IsComplete { get; private set; }

        /// <summary>The next byte; false when the name is none, or one that is refused.</summary>
        public bool Add(byte value)
        {
            if (value == ':')
            {
                IsComplete = true;
                return _length > 0 && (_length > Longest || !IsRefused(((ReadOnlySpan<byte>)_letters)[.._length]));
            }

            if (_length < Longest)
            {
                _letters[_length] = value;
            }

            _length++;
            return HeadFields.IsToken([value]);
        }

        private static bool IsRefused(ReadOnlySpan<byte> name) => FieldKinds.Of(name) is not (FieldKind.Other or FieldKind.Dropped or FieldKind.RequestId);
    }

    [System.Runtime.CompilerServices.InlineArray(17)]
    private struct Letters
    {
        private byte _first;
    }
}
