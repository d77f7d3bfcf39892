using System.Text.Json;

namespace Kn.Kubernetes.Json;

/// <summary>Reads a list while it arrives: holds one element at a time, however long the list is.</summary>
internal sealed class ListPageReader(JsonStreamWindow window, ItemHandler onItem)
{
    private enum Place
    {
        Start,
        Properties,
        Items,
        End,
    }

    private Place _place;
    private JsonReaderState _state;
    private string _resourceVersion = "";
    private string _continue = "";

    /// <summary>Reads to the end of the list.</summary>
    /// <exception cref="InvalidDataException">The body is not a list, or ends early.</exception>
    public async Task<ListPage> ReadAsync(CancellationToken cancellationToken)
    {
        while (_place != Place.End)
        {
            var isFinal = !await window.FillAsync(cancellationToken);
            try
            {
                window.Consume(Advance(window.Unread, isFinal));
            }
            catch (JsonException error)
            {
                throw new InvalidDataException("the list is not valid JSON: " + error.Message, error);
            }

            if (isFinal && _place != Place.End)
            {
                throw new InvalidDataException("the list ends early");
            }
        }

        return new ListPage(_resourceVersion, _continue);
    }

    /// <summary>Reads as far as the bytes go; returns how many are done with.</summary>
    private int Advance(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        var reader = new Utf8JsonReader(bytes, isFinal, _state);
        while (_place switch
        {
            Place.Start => ReadStart(ref reader),
            Place.Properties => ReadProperty(ref reader, bytes),
            Place.Items => ReadItem(ref reader, bytes),
            _ => false,
        })
        {
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private bool ReadStart(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
        {
            return false;
        }

        _place = reader.TokenType == JsonTokenType.StartObject ? Place.Properties : throw new InvalidDataException("the list is not an object");
        return true;
    }

    private bool ReadProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        // A copy of the reader goes ahead; when the value is not all there, the reader stays and is asked again.
        var ahead = reader;
        if (!ahead.Read())
        {
            return false;
        }

        if (ahead.TokenType == JsonTokenType.EndObject)
        {
            _place = Place.End;
            reader = ahead;
            return false;
        }

        var isItems = ahead.ValueTextEquals("items"u8);
        var isMetadata = ahead.ValueTextEquals("metadata"u8);
        if (!ahead.Read())
        {
            return false;
        }

        if (isItems && ahead.TokenType == JsonTokenType.StartArray)
        {
            _place = Place.Items;
            reader = ahead;
            return true;
        }

        var start = (int)ahead.TokenStartIndex;
        if (!ahead.TrySkip())
        {
            return false;
        }

        if (isMetadata)
        {
            ReadMetadata(bytes[start..(int)ahead.BytesConsumed]);
        }

        reader = ahead;
        return true;
    }

    private bool ReadItem(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        var ahead = reader;
        if (!ahead.Read())
        {
            return false;
        }

        if (ahead.TokenType == JsonTokenType.EndArray)
        {
            _place = Place.Properties;
            reader = ahead;
            return true;
        }

        var start = (int)ahead.TokenStartIndex;
        if (!ahead.TrySkip())
        {
            return false;
        }

        onItem(bytes[start..(int)ahead.BytesConsumed]);
        reader = ahead;
        return true;
    }

    private void ReadMetadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVersion = reader.ValueTextEquals("resourceVersion"u8);
            var isContinue = reader.ValueTextEquals("continue"u8);
            reader.Read();
            if ((isVersion || isContinue) && reader.TokenType == JsonTokenType.String)
            {
                var text = Text(ref reader);
                (_resourceVersion, _continue) = isVersion ? (text, _continue) : (_resourceVersion, text);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException("the list's metadata is not valid UTF-8", error);
        }
    }
}
