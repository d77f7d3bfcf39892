namespace Kn.Early;

/// <summary>Looks into a network configuration for the one thing that the call itself needs: the agent's socket.</summary>
/// <remarks>Not a JSON parser: the agent reads and judges the configuration. This only finds members of the outermost object, and says that it is
/// not sure where it would have to understand more than that; then the managed entry, which has a parser, takes the call.</remarks>
internal ref struct EarlyConfig
{
    private readonly ReadOnlySpan<byte> _json;
    private int _position;

    private EarlyConfig(ReadOnlySpan<byte> json) => _json = json;

    /// <summary>Finds the member <c>socket</c>.</summary>
    /// <param name="json">The configuration.</param>
    /// <param name="socket">Its value; empty when it is absent.</param>
    /// <returns>False: not sure, or it has an <c>ipam</c> of its own and is not for the agent.</returns>
    public static bool TryFindSocket(ReadOnlySpan<byte> json, out ReadOnlySpan<byte> socket)
    {
        var config = new EarlyConfig(json);
        return config.TryRead(out socket);
    }

    private bool TryRead(out ReadOnlySpan<byte> socket)
    {
        socket = default;
        if (!TryTake((byte)'{'))
        {
            return false;
        }

        do
        {
            if (!TryReadString(out var name) || !TryTake((byte)':') || Is(name, "ipam"u8))
            {
                return false;
            }

            if (Is(name, "socket"u8) ? !TryReadString(out socket) || socket.IsEmpty : !TrySkipValue())
            {
                return false;
            }
        }
        while (TryTake((byte)','));

        return TryTake((byte)'}') && IsAtEnd();
    }

    /// <summary>A string without escapes.</summary>
    private bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryTake((byte)'"'))
        {
            return false;
        }

        var start = _position;
        while (_position < _json.Length && _json[_position] is not ((byte)'"' or (byte)'\\'))
        {
            _position++;
        }

        value = _json[start.._position];
        return TryTake((byte)'"');
    }

    /// <summary>Goes to the comma or brace behind a value.</summary>
    private bool TrySkipValue()
    {
        var depth = 0;
        for (; _position < _json.Length; _position++)
        {
            switch (_json[_position])
            {
                case (byte)'"':
                    SkipString();
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                case (byte)'}' or (byte)']' or (byte)',' when depth == 0:
                    return true;
                case (byte)'}' or (byte)']':
                    depth--;
                    break;
            }
        }

        return false;
    }

    /// <summary>Goes to a string's closing quote.</summary>
    private void SkipString()
    {
        for (_position++; _position < _json.Length && _json[_position] != (byte)'"'; _position++)
        {
            if (_json[_position] == (byte)'\\')
            {
                _position++;
            }
        }
    }

    private bool TryTake(byte expected)
    {
        SkipSpace();
        if (_position >= _json.Length || _json[_position] != expected)
        {
            return false;
        }

        _position++;
        return true;
    }

    private bool IsAtEnd()
    {
        SkipSpace();
        return _position == _json.Length;
    }

    private void SkipSpace()
    {
        while (_position < _json.Length && _json[_position] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _position++;
        }
    }

    private static bool Is(ReadOnlySpan<byte> value, ReadOnlySpan<byte> expected)
    {
        if (value.Length != expected.Length)
        {
            return false;
        }

        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] != expected[i])
            {
                return false;
            }
        }

        return true;
    }
}
