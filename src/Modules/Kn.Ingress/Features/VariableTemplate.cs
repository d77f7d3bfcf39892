using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Features;

/// <summary>A text with variables of nginx' names, such as https://$host$request_uri. Immutable.</summary>
internal sealed class VariableTemplate
{
    private readonly Part[] _parts;

    private VariableTemplate(Part[] parts) => _parts = parts;

    /// <summary>The text, where there are no variables in it; null where there are.</summary>
    public byte[]? Literal => _parts.Length == 0 ? [] : _parts is [{ Variable: TemplateVariable.Text } only] ? only.Bytes : null;

    /// <summary>What is wrong with a text; null for nothing.</summary>
    public static string? ProblemOf(string text)
    {
        foreach (var (name, variable) in Split(text))
        {
            if (variable is null)
            {
                return $"${name} is no variable that Kn knows";
            }
        }

        return null;
    }

    /// <summary>A template of a text of which <see cref="ProblemOf"/> has said nothing.</summary>
    public static VariableTemplate Parse(string text) => new([.. Split(text).Select(static part => new Part(part.Variable ?? TemplateVariable.Text, Encoding.UTF8.GetBytes(part.Text)))]);

    /// <summary>Writes the text for a request.</summary>
    public void Write(ref HeadWriter writer, in RequestView request)
    {
        foreach (var part in _parts)
        {
            Write(ref writer, part, request);
        }
    }

    private static void Write(ref HeadWriter writer, in Part part, in RequestView request)
    {
        switch (part.Variable)
        {
            case TemplateVariable.Text:
                writer.Write(part.Bytes);
                break;
            case TemplateVariable.RequestUri:
                writer.Write(request.Target);
                break;
            case TemplateVariable.EscapedRequestUri:
                WriteEscaped(ref writer, request.Target);
                break;
            case TemplateVariable.Uri:
                writer.Write(request.Path);
                break;
            case TemplateVariable.Arguments:
                writer.Write(request.Query);
                break;
            case TemplateVariable.Host:
                writer.Write(request.Host);
                break;
            case TemplateVariable.Authority:
                writer.Write(request.Authority);
                break;
            case TemplateVariable.Scheme:
                writer.Write(request.IsTls ? "https"u8 : "http"u8);
                break;
            case TemplateVariable.Client:
                writer.Write(request.Client.Address);
                break;
            case TemplateVariable.Port:
                writer.Write(request.Client.Port);
                break;
            case TemplateVariable.Method:
                writer.Write(request.Method);
                break;
            case TemplateVariable.Field:
                writer.Write(request.Field(part.Bytes));
                break;
            case TemplateVariable.Cookie:
                writer.Write(request.Cookie(part.Bytes));
                break;
            case TemplateVariable.Argument:
                writer.Write(request.Argument(part.Bytes));
                break;
        }
    }

    /// <summary>As the value of an argument of a URL.</summary>
    public static void WriteEscaped(ref HeadWriter writer, scoped ReadOnlySpan<byte> text)
    {
        Span<byte> one = stackalloc byte[3];
        foreach (var value in text)
        {
            if (char.IsAsciiLetterOrDigit((char)value) || value is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
            {
                one[0] = value;
                writer.Write(one[..1]);
                continue;
            }

            one[0] = (byte)'%';
            one[1] = "0123456789ABCDEF"u8[value >> 4];
            one[2] = "0123456789ABCDEF"u8[value & 15];
            writer.Write(one);
        }
    }

    /// <summary>Texts, and the names of variables; null for a variable that there is not.</summary>
    private static List<(string Text, TemplateVariable? Variable)> Split(string text)
    {
        var parts = new List<(string Text, TemplateVariable? Variable)>();
        for (var at = 0; at < text.Length;)
        {
            var dollar = text.IndexOf('$', at);
            var end = dollar < 0 ? text.Length : dollar;
            if (end > at)
            {
                parts.Add((text[at..end], TemplateVariable.Text));
            }

            at = end;
            if (dollar < 0)
            {
                break;
            }

            var isBraced = at + 1 < text.Length && text[at + 1] == '{';
            var start = at + (isBraced ? 2 : 1);
            at = start;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
            {
                at++;
            }

            parts.Add(Resolve(text[start..at]));
            at += isBraced && at < text.Length && text[at] == '}' ? 1 : 0;
        }

        return parts;
    }

    private static (string Text, TemplateVariable? Variable) Resolve(string name) => name switch
    {
        "request_uri" => (name, TemplateVariable.RequestUri),
        "escaped_request_uri" => (name, TemplateVariable.EscapedRequestUri),
        "uri" or "document_uri" => (name, TemplateVariable.Uri),
        "args" or "query_string" => (name, TemplateVariable.Arguments),
        "host" or "server_name" or "best_http_host" => (name, TemplateVariable.Host),
        "http_host" => (name, TemplateVariable.Authority),
        "scheme" or "pass_access_scheme" => (name, TemplateVariable.Scheme),
        "remote_addr" or "binary_remote_addr" or "the_real_ip" => (name, TemplateVariable.Client),
        "server_port" or "pass_server_port" => (name, TemplateVariable.Port),
        "request_method" => (name, TemplateVariable.Method),
        _ when name.StartsWith("http_", StringComparison.Ordinal) && name.Length > 5 => (name[5..].Replace('_', '-').ToLowerInvariant(), TemplateVariable.Field),
        _ when name.StartsWith("cookie_", StringComparison.Ordinal) && name.Length > 7 => (name[7..], TemplateVariable.Cookie),
        _ when name.StartsWith("arg_", StringComparison.Ordinal) && name.Length > 4 => (name[4..], TemplateVariable.Argument),
        _ => (name, null),
    };

    private readonly record struct Part(TemplateVariable Variable, byte[] Bytes);
}

/// <summary>What takes a variable's place.</summary>
internal enum TemplateVariable : byte
{
    /// <summary>No variable: the text itself.</summary>
    Text,

    /// <summary>Path and query, as they came.</summary>
    RequestUri,

    /// <summary>The same, as the value of an argument.</summary>
    EscapedRequestUri,

    /// <summary>The path.</summary>
    Uri,

    /// <summary>The query.</summary>
    Arguments,

    /// <summary>The host without its port.</summary>
    Host,

    /// <summary>Host and port.</summary>
    Authority,

    /// <summary>http or https.</summary>
    Scheme,

    /// <summary>The client's address.</summary>
    Client,

    /// <summary>The port that the client came to.</summary>
    Port,

    /// <summary>The method.</summary>
    Method,

    /// <summary>A field.</summary>
    Field,

    /// <summary>A cookie.</summary>
    Cookie,

    /// <summary>An argument.</summary>
    Argument,
}
