using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Policy.Inspection;
using Microsoft.Win32.SafeHandles;

namespace Kn.Commands;

/// <summary><c>kn policy drops</c>: prints what the agent tells, until somebody has seen enough.</summary>
internal static class DropWatching
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static int Run(string? socket, bool json, string @namespace, string pod)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var output = OpenOutput();
        try
        {
            var request = new ControlRequest(
                PolicyVerb.Name,
                new Dictionary<string, string> { [PolicyVerb.Action] = PolicyVerb.Drops, [PolicyVerb.Namespace] = @namespace, [PolicyVerb.Pod] = pod },
                ReadOnlyMemory<byte>.Empty);
            var answer = ControlClient.Listen(socket, request, Patience, piece => Print(output, piece, json), stop.Token);
            Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
            return ExitCode.Failure;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok;
        }
        catch (IOException)
        {
            // Whoever read what is printed has seen enough: kn policy drops | head -3.
            return ExitCode.Ok;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static void Print(StreamWriter output, ReadOnlyMemory<byte> piece, bool json)
    {
        if (piece.IsEmpty)
        {
            if (!json)
            {
                Console.Error.WriteLine("packets that policies drop on this node, at most 50 a second in each direction; Ctrl-C ends");
            }

            return;
        }

        output.WriteLine(json ? Encoding.UTF8.GetString(piece.Span) : PolicyText.Of(JsonSerializer.Deserialize(piece.Span, PolicyReportJson.Default.PolicyDrop)!));
    }

    /// <summary>Standard output past <see cref="Console"/>, which says nothing when the reader of a pipe is gone (EPIPE).</summary>
    private static StreamWriter OpenOutput()
    {
        const int StandardOutput = 1;
        return new StreamWriter(new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0)) { AutoFlush = true };
    }
}
