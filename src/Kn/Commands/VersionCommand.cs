using System.CommandLine;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kn.Commands;

/// <summary><c>kn version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>Kn's version, with the commit it was built from after '+'.</summary>
    internal static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    internal static Command Create()
    {
        var output = OutputOption.Create(OutputOption.Text);
        var command = new Command("version", "Print Kn's version.") { output };
        command.SetAction(result => result.GetValue(output) == OutputOption.Json ? PrintJson(Console.Out) : PrintText(Console.Out));
        return command;
    }

    internal static int PrintText(TextWriter output)
    {
        output.WriteLine($"kn {Version}");
        return ExitCode.Ok;
    }

    private static int PrintJson(TextWriter output)
    {
        var version = new VersionReport(Version, Environment.Version.ToString());
        output.WriteLine(JsonSerializer.Serialize(version, CommandJson.Readable.VersionReport));
        return ExitCode.Ok;
    }
}

/// <summary>The JSON of <c>kn version</c>.</summary>
/// <param name="Version">Kn's version.</param>
/// <param name="Framework">The version of .NET that is built in.</param>
internal sealed record VersionReport(string Version, string Framework);

/// <summary>What commands print as JSON.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VersionReport))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    /// <summary>Escapes only what JSON must: it is printed for people and jq, not into a web page.</summary>
    internal static CommandJson Readable { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    });
}
