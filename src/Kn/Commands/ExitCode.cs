namespace Kn.Commands;

/// <summary>What <c>kn</c> exits with; docs/cli.md.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    internal const int Ok = 0;

    /// <summary>It was tried and failed.</summary>
    internal const int Failure = 1;

    /// <summary>The command line or the config file is wrong; nothing was done.</summary>
    internal const int Usage = 2;

    /// <summary>The agent does not run, or does not answer.</summary>
    internal const int AgentUnreachable = 3;
}
