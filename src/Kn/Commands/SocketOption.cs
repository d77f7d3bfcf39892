using System.CommandLine;

namespace Kn.Commands;

/// <summary>The option <c>--socket</c>.</summary>
internal static class SocketOption
{
    internal static Option<string?> Create() => new("--socket") { Description = "The agent's socket, in place of the config's.", HelpName = "PATH" };

    /// <summary>The agent's socket. Null when the config has a fault, which is told.</summary>
    internal static string? Find(ParseResult result, Option<string?> socket, Option<string> config) =>
        result.GetValue(socket) ?? ConfigOption.Load(result.GetValue(config)!)?.Node.Paths.Socket;
}
