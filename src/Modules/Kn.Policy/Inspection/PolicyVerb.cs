namespace Kn.Policy.Inspection;

/// <summary>The words of the control socket's verb <c>policy</c>.</summary>
public static class PolicyVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "policy";

    /// <summary>Argument: what to do.</summary>
    public const string Action = "action";

    /// <summary>Action: say whether a connection is allowed, and why. The body is a <see cref="PolicyExplainReport"/>.</summary>
    public const string Explain = "explain";

    /// <summary>Argument: who opens the connection.</summary>
    public const string Source = "source";

    /// <summary>Argument: who is to receive it, with port and protocol.</summary>
    public const string Destination = "destination";

    /// <summary>Action: tell packets as they are dropped. The first piece is empty and says that listening has begun, each further one is a
    /// <see cref="Drops.PolicyDrop"/>.</summary>
    public const string Drops = "drops";

    /// <summary>Argument: only drops that concern this namespace; empty for all.</summary>
    public const string Namespace = "namespace";

    /// <summary>Argument: only drops that concern this pod; empty for all.</summary>
    public const string Pod = "pod";

    /// <summary>The body is what was asked for.</summary>
    public const int Good = 0;

    /// <summary>The body is a sentence: the question cannot be answered.</summary>
    public const int BadQuestion = 4;

    /// <summary>The body is a sentence: drops cannot be listened to, or no longer.</summary>
    public const int Failed = 5;
}
