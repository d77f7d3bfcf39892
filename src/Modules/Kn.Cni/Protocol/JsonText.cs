using System.Text.Json;

namespace Kn.Cni.Protocol;

/// <summary>Strings of a document that nobody vouches for.</summary>
internal static class JsonText
{
    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="CniException">Code 6: an escape names half a surrogate pair, or the bytes are not UTF-8, which only shows when the text is asked for.</exception>
    public static string Of(JsonElement value, string path)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException error)
        {
            throw new CniException(CniErrorCode.UndecodableContent, $"{path}: not valid Unicode text", error.Message, error);
        }
    }
}
