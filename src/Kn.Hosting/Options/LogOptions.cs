using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Options;

/// <summary>Section <c>log</c>.</summary>
public sealed record LogOptions : IModuleOptions
{
    /// <summary>The least level that is written: trace, debug, information, warning, error. Default information: what a human asked for and what is wrong.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>auto is text on a terminal and json elsewhere, so that journald and log shippers get fields.</summary>
    public LogFormat Format { get; init; } = LogFormat.Auto;

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
    }
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>Text on a terminal, JSON elsewhere.</summary>
    Auto,

    /// <summary>One line for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
