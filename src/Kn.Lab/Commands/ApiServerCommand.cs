using System.CommandLine;
using System.Runtime.InteropServices;
using Kn.Lab.Api;
using Kn.Lab.ApiServer;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab apiserver FOLDER</c>: the API server and controllers alone, without nodes.</summary>
internal static class ApiServerCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var folder = new Argument<string>("FOLDER") { Description = "Holds certificates and the kubeconfig" };
        var port = new Option<int>("--port") { Description = "Port on 127.0.0.1 (default: a free one)" };
        var controllers = new Option<string>("--controllers") { DefaultValueFactory = static _ => string.Join(',', LabControllers.All) };
        var command = new Command("apiserver", "Run the lab's API server alone") { folder, port, controllers };
        command.SetAction((parsed, cancellationToken) => LabCommandLine.GuardAsync(() => ServeAsync(
            Path.GetFullPath(parsed.GetValue(folder)!), parsed.GetValue(port), parsed.GetValue(controllers)!.Split(',', StringSplitOptions.RemoveEmptyEntries), cancellationToken)));
        return command;
    }

    private static async Task<int> ServeAsync(string folder, int port, IReadOnlyList<string> controllers, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        using var loggers = ConsoleLog.Make();
        Directory.CreateDirectory(folder);
        await using var server = await LabApiServer.StartAsync(new LabApiServerOptions { DataDirectory = folder, Port = port }, stop.Token);
        Console.WriteLine(server.Kubeconfig);
        using var client = ApiClient.FromKubeconfig(server.Kubeconfig);
        var options = new LabOptions { Name = "lab", Folder = folder, Controllers = controllers };
        try
        {
            await Task.WhenAll([.. LabControllers.Run(options, client, loggers.CreateLogger("kn-lab"), stop.Token), Task.Delay(Timeout.InfiniteTimeSpan, stop.Token)]);
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }

        return 0;
    }
}
