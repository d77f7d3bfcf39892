namespace Kn.ServiceProxy.Planning;

/// <summary>How one of a Service port's endpoints is chosen for a new connection.</summary>
public enum BalanceMethod : byte
{
    /// <summary>Each with the same chance.</summary>
    Random,

    /// <summary>One after another.</summary>
    RoundRobin,

    /// <summary>By the client's address, the same on every node; a change of the endpoints moves only the clients that it must.</summary>
    SourceHash,

    /// <summary>By the address that the client sends to.</summary>
    DestinationHash,
}

/// <summary>The words for methods in the config.</summary>
internal static class BalanceMethods
{
    /// <summary>The words.</summary>
    public static IReadOnlyList<string> Words { get; } = ["random", "round-robin", "source-hash"];

    /// <summary>The method of a word; at random for one that is none.</summary>
    public static BalanceMethod Of(string word) => word switch
    {
        "round-robin" => BalanceMethod.RoundRobin,
        "source-hash" => BalanceMethod.SourceHash,
        _ => BalanceMethod.Random,
    };
}
