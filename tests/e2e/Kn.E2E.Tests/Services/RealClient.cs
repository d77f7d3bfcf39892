using System.Net.Sockets;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Stock programs as clients in a network namespace: curl for TCP, nc and socat for UDP, raw packets for SCTP.</summary>
internal sealed class RealClient(NetworkNamespace inside)
{
    /// <summary>What is said where the other side says no at once: RST or ICMP port unreachable.</summary>
    public const string Refused = "refused";

    /// <summary>What is said where nothing comes back.</summary>
    public const string Silence = "silence";

    /// <summary>What is said where a router says no.</summary>
    public const string Unreachable = "unreachable";

    private const string Patience = "2";

    /// <summary>After each answer: a character that no answer has.</summary>
    private const char End = '\x1e';

    /// <summary>The namespace.</summary>
    public NetworkNamespace Inside => inside;

    /// <summary>The body of an answer over a connection of its own, or one of the words above.</summary>
    public async Task<string> GetAsync(IpAddress address, int port, string path = "/hostname", params string[] options) =>
        (await GetAllAsync(address, port, 1, path, options))[0];

    /// <summary>The same a number of times, one after another, each over a new connection.</summary>
    public async Task<IReadOnlyList<string>> GetAllAsync(IpAddress address, int port, int count, string path = "/hostname", params string[] options)
    {
        var url = $"url = \"http://{(address.Family == IpFamily.V6 ? $"[{address}]" : $"{address}")}:{port}{path}\"\n";
        var result = await RunAsync(
            ["curl", "-s", "-v", "--globoff", "--noproxy", "*", "--max-time", Patience, "-H", "Connection: close", "-w", $"|%{{exitcode}}{End}", .. options, "-K", "-"],
            string.Concat(Enumerable.Repeat(url, count)));
        var answers = result.Output.Split(End)[..^1].Select(line => Word(line, result.Errors)).ToArray();
        Assert.True(answers.Length == count, $"{answers.Length} answers to {count} questions: {result.Output}\n{result.Errors}");
        return answers;
    }

    /// <summary>Who answers a number of new connections: each name once, in order. By default so many that chance leaves one of three out once
    /// in thirty million times.</summary>
    public async Task<string> NamesAsync(IpAddress address, int port, int count = 45) =>
        string.Join(' ', (await GetAllAsync(address, port, count)).Distinct().Order(StringComparer.Ordinal));

    /// <summary>The answer to a datagram by nc, or one of the words above.</summary>
    public async Task<string> AskAsync(IpAddress address, int port, string words = "hostname", int sourcePort = 0)
    {
        string[] bound = sourcePort == 0 ? [] : ["-p", $"{sourcePort}"];
        var result = await RunAsync(["nc", "-n", "-u", "-W", "1", "-w", Patience, .. bound, $"{address}", $"{port}"], words);
        return result.Output.Length > 0 ? result.Output : await KnockAsync(address, port);
    }

    /// <summary>Whether a datagram is refused at once, by socat, which nc does not tell. Where the refusal is made on the client's own
    /// host, the kernel says EPERM to whoever sends.</summary>
    public async Task<string> KnockAsync(IpAddress address, int port)
    {
        var target = address.Family == IpFamily.V6 ? $"UDP6:[{address}]:{port}" : $"UDP4:{address}:{port}";
        var result = await RunAsync(["socat", "-t", Patience, "-T", Patience, "-", target], "knock");
        return result switch
        {
            { Output.Length: > 0 } => "answered",
            _ when result.Errors.Contains("refused", StringComparison.Ordinal) || result.Errors.Contains("not permitted", StringComparison.Ordinal) => Refused,
            { Errors.Length: 0 } => Silence,
            _ => result.Errors,
        };
    }

    /// <summary>A TCP connection that stays open.</summary>
    public Task<OpenConnection> ConnectAsync(IpAddress address, int port) => OpenConnection.ConnectAsync(inside, address, port, ProtocolType.Tcp);

    /// <summary>A UDP socket that stays: all its datagrams are one connection to conntrack.</summary>
    public Task<OpenConnection> OpenUdpAsync(IpAddress address, int port) => OpenConnection.ConnectAsync(inside, address, port, ProtocolType.Udp);

    /// <summary>Raw SCTP.</summary>
    public SctpProbe Sctp(IpFamily family) => new(inside, family == IpFamily.V6);

    /// <summary>Runs a program here.</summary>
    public Task<ProgramResult> RunAsync(IReadOnlyList<string> command, string input = "") =>
        ProgramStart.RunAsync(inside, command, null, input, CancellationToken.None);

    /// <summary>Starts a program here that runs until it is disposed.</summary>
    public RunningProgram Start(params string[] command) => new(inside, command);

    private static string Word(string line, string trace)
    {
        var split = line.LastIndexOf('|');
        return line[(split + 1)..] switch
        {
            "0" => line[..split],
            "7" when trace.Contains("Connection refused", StringComparison.Ordinal) => Refused,
            "7" when trace.Contains("unreachable", StringComparison.OrdinalIgnoreCase) || trace.Contains("No route to host", StringComparison.Ordinal) => Unreachable,
            "28" => Silence,
            var code => $"curl {code}: {trace}",
        };
    }
}
