using System.Globalization;
using System.Runtime.InteropServices;

namespace Kn.Lab.Echo;

/// <summary><c>kn-lab echo [--tcp PORT]… [--udp PORT]… [--ready FILE]</c>: the echo server as a program; SIGTERM ends it with 0.</summary>
internal static class EchoProgram
{
    /// <summary>Runs it; the arguments are those after "echo".</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        // The node's name of the host is the UTS namespace's, read whole: gethostname wrappers cut it at the first dot.
        using var server = new EchoServer((await File.ReadAllTextAsync("/proc/sys/kernel/hostname")).Trim());
        string? readyFile = null;
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            var isPort = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port);
            switch (arguments[i])
            {
                case "--tcp" when isPort:
                    server.ListenTcp(port);
                    break;
                case "--udp" when isPort:
                    server.ListenUdp(port);
                    break;
                case "--ready" when value.Length > 0:
                    readyFile = value;
                    break;
                default:
                    await Console.Error.WriteLineAsync($"kn-lab echo: '{arguments[i]} {value}' is none of --tcp PORT, --udp PORT, --ready FILE");
                    return 2;
            }
        }

        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        if (readyFile is not null)
        {
            await File.WriteAllTextAsync(readyFile, "", stop.Token);
        }

        await Task.WhenAll(server.RunAsync(stop.Token), WaitAsync(stop.Token));
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    // A container without ports still has to live until it is told to stop.
    private static async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }
}
