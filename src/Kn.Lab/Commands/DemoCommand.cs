using System.CommandLine;
using Kn.Lab.Demo;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab demo</c>: shows what works, step by step.</summary>
internal static class DemoCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var kn = new Option<string?>("--kn") { Description = "The kn binary (default: beside kn-lab)" };
        var name = new Option<string>("--name") { Description = "Name of the lab", DefaultValueFactory = static _ => "demo" };
        var command = new Command("demo", "Bring up three nodes, run real manifests, and show line by line what works") { kn, name, LabChoice.Dir };
        command.SetAction((parsed, cancellationToken) => LabCommandLine.GuardAsync(() =>
        {
            var kubeconfig = Environment.GetEnvironmentVariable("KN_LAB_KUBECONFIG") ?? "";
            var options = new LabOptions
            {
                Name = new LabNames(parsed.GetValue(name)!).Lab,
                Folder = Path.Combine(Path.GetFullPath(parsed.GetValue(LabChoice.Dir)!), parsed.GetValue(name)!),
                Segments = 2,
                Kn = Path.GetFullPath(parsed.GetValue(kn) ?? UpCommand.DefaultKn()),
                Kubeconfig = kubeconfig.Length > 0 ? Path.GetFullPath(kubeconfig) : "",
                Controllers = kubeconfig.Length > 0 ? ControllerChoice.ForExternalServer : ControllerChoice.All,
            };
            return File.Exists(options.Kn)
                ? new DemoRun(options, Console.Out, TimeProvider.System).RunAsync(cancellationToken)
                : throw new FormatException($"no kn binary at {options.Kn}: --kn says where");
        }));
        return command;
    }
}
