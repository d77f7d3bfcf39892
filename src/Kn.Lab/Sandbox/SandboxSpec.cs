namespace Kn.Lab.Sandbox;

/// <summary>Where a program is to run; what is null is left as it is.</summary>
internal sealed record SandboxSpec
{
    /// <summary>Path of the network namespace.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>A process whose network, host name and mount namespaces are joined, in place of making new ones.</summary>
    public int? JoinPid { get; init; }

    /// <summary>The host name in a UTS namespace of its own.</summary>
    public string? Hostname { get; init; }

    /// <summary>A folder whose files resolv.conf, hosts and hostname take the place of those in /etc, in a mount namespace of its own.</summary>
    public string? EtcFolder { get; init; }

    /// <summary>A file that standard output and error are appended to.</summary>
    public string? LogFile { get; init; }

    /// <summary>The working directory.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>True: a session and process group of its own, so that the program and what it starts can be signalled together.</summary>
    public bool NewSession { get; init; }

    /// <summary>The service manager's socket, which the program finds as NOTIFY_SOCKET.</summary>
    public string? NotifySocket { get; init; }

    /// <summary>Open files that the program gets as descriptors from 3 on (sd_listen_fds(3)).</summary>
    public IReadOnlyList<HandedDescriptor> Descriptors { get; init; } = [];

    /// <summary>The program, looked up in PATH, and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The arguments of <c>kn-lab pod-init</c> that say this.</summary>
    public IEnumerable<string> ToArguments()
    {
        (string Option, string? Value)[] options =
        [
            ("--netns", NetworkNamespace), ("--join", JoinPid?.ToString()), ("--hostname", Hostname),
            ("--etc", EtcFolder), ("--log", LogFile), ("--workdir", WorkingDirectory), ("--session", NewSession ? "new" : null),
            ("--notify", NotifySocket), .. Descriptors.Select(static descriptor => ("--descriptor", (string?)descriptor.ToString())),
        ];
        return options.Where(static option => option.Value is not null)
            .SelectMany(static option => new[] { option.Option, option.Value! })
            .Append("--").Concat(Command);
    }

    /// <summary>Reads what <see cref="ToArguments"/> wrote.</summary>
    /// <exception cref="FormatException">An argument that is not known here, or no command.</exception>
    public static SandboxSpec Parse(ReadOnlySpan<string> arguments)
    {
        var spec = new SandboxSpec { Command = [] };
        while (arguments is [var option, var value, .. var rest] && option != "--")
        {
            spec = option switch
            {
                "--netns" => spec with { NetworkNamespace = value },
                "--join" => spec with { JoinPid = int.Parse(value) },
                "--hostname" => spec with { Hostname = value },
                "--etc" => spec with { EtcFolder = value },
                "--log" => spec with { LogFile = value },
                "--workdir" => spec with { WorkingDirectory = value },
                "--notify" => spec with { NotifySocket = value },
                "--descriptor" => spec with { Descriptors = [.. spec.Descriptors, HandedDescriptor.Parse(value)] },
                "--session" when value == "new" => spec with { NewSession = true },
                _ => throw new FormatException($"pod-init does not know {option} {value}"),
            };
            arguments = rest;
        }

        return arguments is ["--", _, ..]
            ? spec with { Command = arguments[1..].ToArray() }
            : throw new FormatException("pod-init needs -- and a command");
    }
}
