namespace Kn.Hosting.Options;

/// <summary>What came of reading a config file.</summary>
/// <param name="Options">The options; null when there is any fault.</param>
/// <param name="Errors">All faults, in the file's order.</param>
public sealed record ConfigResult(AgentOptions? Options, IReadOnlyList<ConfigError> Errors);
