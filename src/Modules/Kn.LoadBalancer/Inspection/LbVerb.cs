namespace Kn.LoadBalancer.Inspection;

/// <summary>The words of the control socket's verb <c>loadBalancer</c>.</summary>
public static class LbVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "loadBalancer";

    /// <summary>Argument: what to do.</summary>
    public const string Action = "action";

    /// <summary>Action: say which address is where. The body is an <see cref="LbListReport"/>.</summary>
    public const string List = "list";

    /// <summary>Action: hand this node's addresses over to others, until it joins again or its agent starts anew. The body is a sentence.</summary>
    public const string Leave = "leave";

    /// <summary>Action: take part again. The body is a sentence.</summary>
    public const string Join = "join";

    /// <summary>The body is what was asked for.</summary>
    public const int Good = 0;

    /// <summary>The body is a sentence: the question cannot be answered.</summary>
    public const int BadQuestion = 4;
}
