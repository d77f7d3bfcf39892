using System.Collections;
using System.Text;
using Kn.Cni.Plain;
using Kn.Early;
using Kn.Hosting.Control;
using Kn.Linux;
using Kn.Linux.Files;

namespace Kn.Cni;

/// <summary>What the container runtime runs: hands the CNI call to the agent and prints its answer, or, for a network that brings its own
/// addresses along (<c>ipam</c>), answers it here.</summary>
/// <remarks>CNI specification 1.1.0, "Execution Protocol": parameters in CNI_* variables, the configuration on standard input, the result
/// or the error as JSON on standard output, exit code 0 or not. A process is started for every call, so nothing is initialised
/// here that the call does not need; the native program even answers most calls before it comes here (<see cref="EarlyCniCall"/>).</remarks>
internal static class CniEntry
{
    private const string Verb = "cni";

    /// <summary>"Try again later" (specification, "Error").</summary>
    private const int TryAgainLater = 11;

    private const int CannotDecode = 6;
    private const int InvalidConfig = 7;
    private const int InvalidVariables = 4;

    /// <summary>Larger than any network configuration list; what is larger is not one.</summary>
    private const int LargestConfigBytes = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(ControlProtocol.PatienceSeconds);

    /// <summary>Runs the call of this process.</summary>
    internal static int Run(string command)
    {
        using Stream input = EarlyCniCall.IsInputRead ? new MemoryStream(EarlyCniCall.Input.ToArray()) : StandardStream.OpenInput();
        using var output = StandardStream.OpenOutput();
        try
        {
            return EarlyCniCall.IsUnanswered
                ? Fail(output, CniNetwork.VersionOf(EarlyCniCall.Input), TryAgainLater, "the Kn agent of this node cannot be reached", "it took the call and broke the connection before it had answered, or was silent for too long")
                : Run(command, ReadVariables(), input, output);
        }
        catch (LinuxException exception)
        {
            // Standard input or output is closed or broken: there is nobody left to tell but the log.
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    internal static int Run(string command, IReadOnlyDictionary<string, string> variables, Stream input, Stream output)
    {
        if (command == "VERSION")
        {
            // Standard input carries {"cniVersion": …}; plugins that do not care for it need not read it.
            output.Write(CniAnswers.Versions(CniNetwork.VersionOf(ReadBounded(input) ?? [])));
            return 0;
        }

        if (command is not ("ADD" or "DEL" or "CHECK" or "GC" or "STATUS"))
        {
            return Fail(output, "", InvalidVariables, $"CNI_COMMAND '{command}' is not known", "expected ADD, DEL, CHECK, GC, STATUS or VERSION");
        }

        var config = ReadBounded(input);
        if (config is null)
        {
            return Fail(output, "", CannotDecode, "the network configuration is too long", $"more than {LargestConfigBytes} bytes on standard input");
        }

        if (!CniNetwork.TryRead(config, out var network, out var fault))
        {
            return Fail(output, "", CannotDecode, "standard input is not a network configuration", fault);
        }

        var request = new ControlRequest(Verb, variables, config);
        return network.HasIpam ? Print(output, PlainPlugin.Answer(request)) : Ask(command, network, request, output);
    }

    private static int Ask(string command, CniNetwork network, ControlRequest request, Stream output)
    {
        ControlResponse answer;
        try
        {
            answer = ControlClient.Send(network.Socket, request, Patience);
        }
        catch (ControlException exception)
        {
            return Unanswered(command, network, output, exception);
        }

        return answer.ExitCode switch
        {
            // The pod was detached when the module was switched off.
            ControlProtocol.ModuleOff when command is "DEL" or "GC" => 0,
            ControlProtocol.ModuleOff => Fail(output, network.CniVersion, TryAgainLater, "the Kn agent of this node has no pod network", Text(answer)),
            ControlProtocol.NoHandler => Fail(output, network.CniVersion, TryAgainLater, "the Kn agent of this node is starting", Text(answer)),
            ControlProtocol.HandlerFailed => Fail(output, network.CniVersion, TryAgainLater, "the Kn agent of this node failed", Text(answer)),
            _ => Print(output, answer),
        };
    }

    private static int Print(Stream output, ControlResponse answer)
    {
        output.Write(answer.Body.Span);
        return answer.ExitCode;
    }

    private static string Text(ControlResponse answer) => Encoding.UTF8.GetString(answer.Body.Span);

    /// <summary>Without an agent nothing can be attached or checked. A DEL succeeds: the runtime must get rid of the pod, and the agent takes
    /// back what it left when it starts. Where an agent is there and its answer is not, nobody knows what was released, so DEL is
    /// tried again like the others.</summary>
    private static int Unanswered(string command, CniNetwork network, Stream output, ControlException exception) => exception.Fault switch
    {
        ControlFault.NoAgent when command == "DEL" => 0,
        ControlFault.BadRequest => Fail(output, network.CniVersion, InvalidConfig, "the Kn agent of this node cannot be asked", exception.Message),
        _ => Fail(output, network.CniVersion, TryAgainLater, "the Kn agent of this node cannot be reached", exception.Message),
    };

    private static int Fail(Stream output, string version, int code, string message, string details)
    {
        output.Write(CniAnswers.Error(version, code, message, details));
        return 1;
    }

    private static Dictionary<string, string> ReadVariables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry is { Key: string key, Value: string value } && key.StartsWith("CNI_", StringComparison.Ordinal))
            {
                variables[key] = value;
            }
        }

        return variables;
    }

    /// <summary>All of the input; null when it is longer than it may be.</summary>
    private static byte[]? ReadBounded(Stream input)
    {
        var buffer = new byte[4096];
        var filled = 0;
        while (true)
        {
            var count = input.Read(buffer, filled, buffer.Length - filled);
            if (count == 0)
            {
                return buffer[..filled];
            }

            filled += count;
            if (filled > LargestConfigBytes)
            {
                return null;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }
}
