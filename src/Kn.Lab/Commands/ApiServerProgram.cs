using System.Runtime.InteropServices;
using Kn.Lab.ApiServer;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab apiserver …</c>: the API server and controllers alone, until a signal.</summary>
internal static class ApiServerProgram
{
    /// <summary>Runs it; the arguments are those after "apiserver".</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        return await ApiServerCommand.RunAsync(arguments, Console.Out, Console.Error, stop.Token);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
