using System.CommandLine;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab serve FOLDER</c>: the daemon behind <c>up</c>, which starts it.</summary>
internal static class ServeCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var folder = new Argument<string>("FOLDER");
        var command = new Command("serve", "The daemon of a lab (started by up)") { folder };
        command.Hidden = true;
        command.SetAction((parsed, _) => LabCommandLine.GuardAsync(async () =>
        {
            var options = LabChoice.Load(parsed.GetValue(folder)!) ?? throw new LabException($"no lab.json in {parsed.GetValue(folder)}");
            using var loggers = ConsoleLog.Make();
            return await LabDaemon.ServeFolderAsync(options, loggers.CreateLogger("kn-lab"));
        }));
        return command;
    }
}
