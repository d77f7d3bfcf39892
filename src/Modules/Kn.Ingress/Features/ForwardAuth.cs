using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Features;

/// <summary>Asks another program whether a request may pass: what it is asked, and what its answer means. Immutable.</summary>
internal sealed class ForwardAuth
{
    private readonly VariableTemplate _url;
    private readonly VariableTemplate? _signIn;
    private readonly byte[] _method;
    private readonly byte[] _signInArgument;
    private readonly bool _signInHasQuery;
    private readonly bool _signInHasTarget;
    private readonly byte[][] _answerFields;

    /// <summary>The program of settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="upstream">Where it is; null to find out by the URL's host among the routes.</param>
    public ForwardAuth(ForwardAuthSettings settings, Upstream? upstream)
    {
        _url = VariableTemplate.Parse(settings.Url);
        _signIn = settings.SignIn is { } signIn ? VariableTemplate.Parse(signIn) : null;
        _method = Encoding.ASCII.GetBytes(settings.Method);
        _signInArgument = Encoding.ASCII.GetBytes(settings.SignInArgument);
        _signInHasQuery = settings.SignIn?.Contains('?', StringComparison.Ordinal) == true;
        _signInHasTarget = settings.SignIn?.Contains($"{settings.SignInArgument}=", StringComparison.Ordinal) == true;
        _answerFields = [.. settings.AnswerFields.Select(static name => Encoding.ASCII.GetBytes(name))];
        Upstream = upstream;
    }

    /// <summary>Where it is; null to find out by the URL's host among the routes.</summary>
    public Upstream? Upstream { get; }

    /// <summary>Writes the URL of a request, and says where its host and its target are.</summary>
    public bool TryWriteUrl(Span<byte> destination, in RequestView request, out Range authority, out Range target)
    {
        (authority, target) = (default, default);
        var writer = new HeadWriter(destination);
        _url.Write(ref writer, request);
        var scheme = destination[..writer.Length].IndexOf("://"u8);
        if (writer.IsFull || scheme < 0)
        {
            return false;
        }

        var start = scheme + 3;
        var slash = destination[start..writer.Length].IndexOf((byte)'/');
        if (slash < 0)
        {
            destination[writer.Length] = (byte)'/';
            (slash, authority, target) = (writer.Length, start..writer.Length, writer.Length..(writer.Length + 1));
        }
        else
        {
            (authority, target) = (start..(start + slash), (start + slash)..writer.Length);
        }

        return RequestPath.IsSound(destination[target]) && !HeadFields.HasControls(destination[authority]);
    }

    /// <summary>Writes the request that it is asked by: the client's own fields, without a body, and what the request was.</summary>
    /// <returns>How long it is; 0 when it does not fit.</returns>
    public int WriteRequest(Span<byte> destination, in RequestView request, RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> authority, ReadOnlySpan<byte> target)
    {
        var writer = new HeadWriter(destination);
        writer.Write(_method);
        writer.Write(" "u8);
        writer.Write(target);
        writer.Field(" HTTP/1.1\r\nHost: "u8, authority);
        foreach (ref readonly var field in head.Fields.All)
        {
            if (field.Kind == FieldKind.Other && !FieldKinds.Is(bytes.Slice(field.Start, field.NameLength), "content-type"u8))
            {
                writer.Write(field.Line(bytes));
            }
        }

        writer.Field("X-Original-Method: "u8, request.Method);
        writer.Write("X-Original-Url: "u8);
        WriteUrl(ref writer, request);
        writer.Write("X-Auth-Request-Redirect: "u8);
        writer.Field(""u8, request.Target);
        writer.Field("X-Sent-From: "u8, "kn"u8);
        writer.Field("X-Real-Ip: "u8, request.Client.Address);
        writer.Field("X-Forwarded-For: "u8, request.Client.Address);
        writer.Field("X-Forwarded-Host: "u8, request.Authority);
        writer.Field("X-Forwarded-Proto: "u8, request.IsTls ? "https"u8 : "http"u8);
        writer.Field("X-Forwarded-Method: "u8, request.Method);
        writer.Field("X-Forwarded-Uri: "u8, request.Target);
        writer.Write("\r\n"u8);
        return writer.IsFull ? 0 : writer.Length;
    }

    /// <summary>What the client is answered where the request may not pass.</summary>
    /// <param name="status">What the program has answered.</param>
    /// <param name="answer">Its head.</param>
    /// <param name="bytes">The head's bytes.</param>
    /// <param name="request">The request.</param>
    /// <param name="lines">Gets fields of the answer.</param>
    public int Refuse(int status, ResponseHead answer, ReadOnlySpan<byte> bytes, in RequestView request, ref HeadWriter lines)
    {
        foreach (ref readonly var field in answer.Fields.All)
        {
            var name = bytes.Slice(field.Start, field.NameLength);
            if (FieldKinds.Is(name, "www-authenticate"u8) || FieldKinds.Is(name, "set-cookie"u8))
            {
                lines.Write(field.Line(bytes));
            }
        }

        if (status != 401 || _signIn is null)
        {
            // As nginx: any other answer is a fault of whoever is asked.
            return status is 401 or 403 ? status : 500;
        }

        lines.Write("Location: "u8);
        _signIn.Write(ref lines, request);
        if (!_signInHasTarget)
        {
            lines.Write(_signInHasQuery ? "&"u8 : "?"u8);
            lines.Write(_signInArgument);
            lines.Write("="u8);
            lines.Write(request.IsTls ? "https%3A%2F%2F"u8 : "http%3A%2F%2F"u8);
            VariableTemplate.WriteEscaped(ref lines, request.Authority);
            VariableTemplate.WriteEscaped(ref lines, request.Target);
        }

        lines.Write("\r\n"u8);
        return 302;
    }

    /// <summary>Writes the fields of its answer that the backend gets. Those that it has not given are left out of the request too: a client cannot give
    /// them in its place.</summary>
    public void WriteFields(ResponseHead answer, ReadOnlySpan<byte> bytes, ref HeadWriter lines)
    {
        foreach (var wanted in _answerFields)
        {
            var isThere = false;
            foreach (ref readonly var field in answer.Fields.All)
            {
                if (field.Kind == FieldKind.Other && field.NameLength == wanted.Length && Ascii.EqualsIgnoreCase(bytes.Slice(field.Start, field.NameLength), wanted))
                {
                    isThere = true;
                    lines.Write(field.Line(bytes));
                }
            }

            if (!isThere)
            {
                lines.Write(wanted);
                lines.Write(":\r\n"u8);
            }
        }
    }

    private static void WriteUrl(ref HeadWriter writer, in RequestView request)
    {
        writer.Write(request.IsTls ? "https://"u8 : "http://"u8);
        writer.Write(request.Authority);
        writer.Field(""u8, request.Target);
    }
}
