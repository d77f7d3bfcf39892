using System.Text;
using System.Text.Json;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>Reads the fields of one object, forward, from bytes that hold all of it.</summary>
/// <remarks>A JSON null stands for an absent field throughout, as the API conventions say
/// (sig-architecture/api-conventions.md, "Optional vs. Required"). Every method that reads a value moves past it.</remarks>
internal ref struct ObjectReader(ReadOnlySpan<byte> json, StringPool strings)
{
    private const int LongestAddress = 64;
    private readonly StringPool _strings = strings;
    private Utf8JsonReader _json = new(json);
    private bool _atValue;
    private bool _isNull;

    /// <summary>Where the current token starts, in bytes.</summary>
    public readonly long Position => _json.TokenStartIndex;

    /// <summary>Enters an object; false for null, which has no properties.</summary>
    public bool BeginObject()
    {
        _isNull = !AdvanceTo(JsonTokenType.StartObject, "an object");
        return !_isNull;
    }

    /// <summary>Enters an object where null is not the same as empty: after false there are no properties to ask for.</summary>
    public bool BeginObjectUnlessNull() => AdvanceTo(JsonTokenType.StartObject, "an object");

    /// <summary>Enters an array; false for null.</summary>
    public bool BeginArray() => AdvanceTo(JsonTokenType.StartArray, "an array");

    /// <summary>Moves to the next property of the object entered, past the value of the one before where nobody read it; false at its end.</summary>
    public bool NextProperty()
    {
        if (_isNull)
        {
            _isNull = false;
            return false;
        }

        if (_json.TokenType == JsonTokenType.PropertyName)
        {
            _json.Skip();
        }

        return _json.Read() && _json.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Moves to the next element of the array entered; false at its end.</summary>
    public bool NextElement()
    {
        _atValue = _json.Read() && _json.TokenType != JsonTokenType.EndArray;
        return _atValue;
    }

    /// <summary>True when the current property has this name.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => _json.ValueTextEquals(name);

    /// <summary>The current property's name, from the pool.</summary>
    public readonly string PropertyName() => Pooled(isName: true);

    /// <summary>Moves past a value of any kind.</summary>
    public void Skip()
    {
        Advance();
        _json.Skip();
    }

    /// <summary>A string that is unlikely to recur; null for null.</summary>
    public string? Text()
    {
        return AdvanceTo(JsonTokenType.String, "a string") ? String() : null;
    }

    /// <summary>A string that recurs from object to object; null for null.</summary>
    public string? Name() => AdvanceTo(JsonTokenType.String, "a string") ? Pooled(isName: true) : null;

    /// <summary>A string that may recur, such as a label's value; null for null.</summary>
    public string? Value() => AdvanceTo(JsonTokenType.String, "a string") ? Pooled(isName: false) : null;

    /// <summary>True when the string at hand has this value.</summary>
    public bool TextEquals(ReadOnlySpan<byte> text) => AdvanceTo(JsonTokenType.String, "a string") && _json.ValueTextEquals(text);

    /// <summary>true or false; null for null.</summary>
    public bool? Boolean()
    {
        Advance();
        return _json.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Null => null,
            _ => throw Fail("true or false"),
        };
    }

    /// <summary>A whole number of 32 bits; null for null.</summary>
    public int? Int32()
    {
        if (!AdvanceTo(JsonTokenType.Number, "a number"))
        {
            return null;
        }

        return _json.TryGetInt32(out var number) ? number : throw Fail("a whole number of 32 bits");
    }

    /// <summary>A port number, 0 to 65535; null for null.</summary>
    public ushort? Port() => Int32() switch
    {
        null => null,
        >= 0 and <= ushort.MaxValue and { } number => (ushort)number,
        _ => throw Fail("a port, 0 to 65535"),
    };

    /// <summary>A port number, or a port's name in its place (util/intstr IntOrString); neither for null.</summary>
    public (ushort? Number, string? Name) PortOrName()
    {
        Advance();
        if (_json.TokenType == JsonTokenType.String)
        {
            return (null, Pooled(isName: true));
        }

        _atValue = true;
        return (Port(), null);
    }

    /// <summary>RFC 3339 time; null for null.</summary>
    public DateTimeOffset? Timestamp()
    {
        if (!AdvanceTo(JsonTokenType.String, "a time"))
        {
            return null;
        }

        return _json.TryGetDateTimeOffset(out var time) ? time : throw Fail("a time such as 2006-01-02T15:04:05Z");
    }

    /// <summary>RFC 3339 time in text that nobody checks, such as an annotation; null for anything else.</summary>
    public DateTimeOffset? LooseTimestamp()
    {
        Advance();
        return _json.TokenType == JsonTokenType.String && _json.TryGetDateTimeOffset(out var time) ? time : null;
    }

    /// <summary>An IP address; null for null and for the empty string.</summary>
    public IpAddress? Address()
    {
        if (!AdvanceTo(JsonTokenType.String, "an IP address"))
        {
            return null;
        }

        Span<char> buffer = stackalloc char[LongestAddress];
        var text = Characters(buffer, "an IP address");
        return text.IsEmpty ? null : IpAddress.TryParse(text, out var address) ? address : throw Fail("an IP address");
    }

    /// <summary>An IP address in text that nobody checks; null for anything else.</summary>
    public IpAddress? LooseAddress()
    {
        Advance();
        Span<char> buffer = stackalloc char[LongestAddress];
        return _json.TokenType == JsonTokenType.String && _json.ValueSpan.Length <= buffer.Length && !_json.ValueIsEscaped
            && IpAddress.TryParse(buffer[.._json.CopyString(buffer)], out var address)
            ? address
            : null;
    }

    /// <summary>An IP address, or true for this word in its place, such as clusterIP's None.</summary>
    public bool AddressOr(ReadOnlySpan<byte> word, out IpAddress? address)
    {
        Advance();
        if (_json.TokenType == JsonTokenType.String && _json.ValueTextEquals(word))
        {
            address = null;
            return true;
        }

        _atValue = true;
        address = Address();
        return false;
    }

    /// <summary>An address block; null for null and for the empty string.</summary>
    public IpPrefix? Prefix()
    {
        if (!AdvanceTo(JsonTokenType.String, "a CIDR"))
        {
            return null;
        }

        Span<char> buffer = stackalloc char[LongestAddress];
        var text = Characters(buffer, "a CIDR");
        return text.IsEmpty ? null : IpPrefix.TryParse(text, out var prefix) ? prefix : throw Fail("a CIDR such as 10.244.0.0/24");
    }

    /// <summary>The error that says what the current value should have been.</summary>
    public readonly FieldFormatException Fail(string expected)
    {
        const int Longest = 80;
        var found = _json.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.None => "nothing",
            _ when _json.ValueSpan.Length > Longest => $"{_json.ValueSpan.Length} bytes",
            JsonTokenType.String => $"'{Encoding.UTF8.GetString(_json.ValueSpan)}'",
            _ => Encoding.UTF8.GetString(_json.ValueSpan),
        };
        return new FieldFormatException($"expected {expected}, found {found}", _json.TokenStartIndex);
    }

    private bool AdvanceTo(JsonTokenType token, string expected)
    {
        Advance();
        return _json.TokenType == token || (_json.TokenType == JsonTokenType.Null ? false : throw Fail(expected));
    }

    private void Advance()
    {
        if (!_atValue)
        {
            _json.Read();
        }

        _atValue = false;
    }

    private readonly string Pooled(bool isName)
    {
        if (_json.ValueIsEscaped)
        {
            return String();
        }

        return isName ? _strings.Name(_json.ValueSpan) : _strings.Value(_json.ValueSpan);
    }

    private readonly string String()
    {
        try
        {
            return _json.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            throw new FieldFormatException("not valid UTF-8", _json.TokenStartIndex);
        }
    }

    private readonly ReadOnlySpan<char> Characters(Span<char> buffer, string expected)
    {
        if (_json.ValueSpan.Length > buffer.Length)
        {
            throw Fail(expected);
        }

        try
        {
            return buffer[.._json.CopyString(buffer)];
        }
        catch (InvalidOperationException)
        {
            throw new FieldFormatException("not valid UTF-8", _json.TokenStartIndex);
        }
    }
}
