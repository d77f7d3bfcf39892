namespace Kn.Dns;

/// <summary>The words of the control socket's verb <c>dns</c>.</summary>
public static class DnsVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "dns";

    /// <summary>Argument: what to do; absent for a question.</summary>
    public const string Action = "action";

    /// <summary>Action: forget upstreams' answers. The body is a sentence.</summary>
    public const string ClearCache = "clearCache";

    /// <summary>Argument: the name asked for.</summary>
    public const string Question = "name";

    /// <summary>Argument: the type, by its name or number.</summary>
    public const string Type = "type";

    /// <summary>Argument: the address to ask as.</summary>
    public const string From = "from";

    /// <summary>The body is a report, or the sentence of an action.</summary>
    public const int Good = 0;

    /// <summary>The body is a sentence: nothing could be asked.</summary>
    public const int Failed = 4;
}
