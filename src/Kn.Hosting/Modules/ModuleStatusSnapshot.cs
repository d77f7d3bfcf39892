using Kn.Hosting.Reconciling;
using Kn.Primitives;

namespace Kn.Hosting.Modules;

/// <summary>A module's status at one moment.</summary>
public sealed record ModuleStatusSnapshot
{
    /// <summary>Name of the module.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public ModuleState State { get; init; }

    /// <summary>How often an exception ended it.</summary>
    public int Restarts { get; init; }

    /// <summary>The exception that ended it last.</summary>
    public string? LastError { get; init; }

    /// <summary>What it says of itself.</summary>
    public ValueMap<string, string> Facts { get; init; }

    /// <summary>Its parts, in the order in which they were made.</summary>
    public ValueList<StatusPartSnapshot> Parts { get; init; }

    /// <summary>True when it runs and every part has been in place once.</summary>
    public bool IsReady => State == ModuleState.Running && Parts.All(static part => part.Ready);
}

/// <summary>A part's status at one moment.</summary>
public sealed record StatusPartSnapshot
{
    /// <summary>Name of the part.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it has been in place once.</summary>
    public bool Ready { get; init; }

    /// <summary>What fails now; null when it works.</summary>
    public string? Error { get; init; }

    /// <summary>For how long it has failed; zero when it works.</summary>
    public TimeSpan FailingFor { get; init; }

    /// <summary>For how long the work at hand, such as a change of the kernel, has been running; zero when there is none.</summary>
    public TimeSpan BusyFor { get; init; }

    /// <summary>How much is in place.</summary>
    public int Count { get; init; }

    /// <summary>What is asked for and not done.</summary>
    public ValueList<Problem> Problems { get; init; }
}
