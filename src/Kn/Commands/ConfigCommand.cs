using System.CommandLine;
using Kn.Hosting.Options;

namespace Kn.Commands;

/// <summary><c>kn config</c>.</summary>
internal static class ConfigCommand
{
    internal static Command Create() => new("config", "Check the config file, or show what is in effect.") { CreateCheck(), CreateShow() };

    private static Command CreateCheck()
    {
        var config = ConfigOption.Create();
        var command = new Command("check", "Check the config file. Every fault is printed as FILE:LINE:COLUMN: option: what is wrong; exit code 2.") { config };
        command.SetAction(result =>
        {
            var file = result.GetValue(config)!;
            if (ConfigOption.Load(file) is null)
            {
                return ExitCode.Usage;
            }

            Console.Out.WriteLine($"{file}: good");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateShow()
    {
        var config = ConfigOption.Create();
        var command = new Command("show", "Print the config that is in effect, defaults included, as JSON.") { config };
        command.SetAction(result =>
        {
            if (ConfigOption.Load(result.GetValue(config)!) is not { } options)
            {
                return ExitCode.Usage;
            }

            Console.Out.WriteLine(EffectiveConfig.Write(options));
            return ExitCode.Ok;
        });
        return command;
    }
}
