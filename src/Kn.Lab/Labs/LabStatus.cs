namespace Kn.Lab;

/// <summary>What <c>kn-lab status</c> shows.</summary>
internal sealed record LabStatus
{
    /// <summary>The lab's name.</summary>
    public required string Name { get; init; }

    /// <summary>The kubeconfig for users.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>The API server can be reached from the nodes.</summary>
    public required bool ApiReachable { get; init; }

    /// <summary>The daemon's process.</summary>
    public required int Pid { get; init; }

    /// <summary>The nodes, in order.</summary>
    public required IReadOnlyList<LabNodeStatus> Nodes { get; init; }
}

/// <summary>One node in <see cref="LabStatus"/>.</summary>
internal sealed record LabNodeStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its addresses.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>The node has a network configuration and its agent, if there is one, runs.</summary>
    public required bool Ready { get; init; }

    /// <summary>The agent's process; 0 when it does not run.</summary>
    public required int AgentPid { get; init; }

    /// <summary>How often the agent was started.</summary>
    public required int AgentStarts { get; init; }

    /// <summary>How many pods are on the node.</summary>
    public required int Pods { get; init; }

    /// <summary>The node's folder: kn.yaml, kubeconfig, logs, CNI folders.</summary>
    public required string Folder { get; init; }
}
