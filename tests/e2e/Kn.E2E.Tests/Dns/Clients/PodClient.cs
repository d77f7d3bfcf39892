using Kn.Lab.Processes;

namespace Kn.E2E.Tests.Dns;

/// <summary>What asks for names at one place of the lab, with that place's own resolv.conf: a pod's name, node/node1, or host/outside.</summary>
internal sealed class PodClient(DnsLab lab, string place)
{
    /// <summary>Asks one question.</summary>
    /// <param name="by">Who asks.</param>
    /// <param name="name">The whole name, without the dot at its end.</param>
    /// <param name="type">The type.</param>
    /// <param name="options">Those of dig or kdig, such as @SERVER.</param>
    public async Task<DnsReply> AskAsync(Resolver by, string name, string type = "A", params string[] options) => (await AskAllAsync(by, [(name, type)], options))[0];

    /// <summary>Asks several by one program, one after another.</summary>
    public async Task<IReadOnlyList<DnsReply>> AskAllAsync(Resolver by, IReadOnlyList<(string Name, string Type)> questions, params string[] options)
    {
        var words = questions.SelectMany(static question => (string[])[question.Name, question.Type]);
        var result = by switch
        {
            Resolver.Dig => await RunAsync(["dig", .. options, .. words]),
            Resolver.Kdig => await RunAsync(["kdig", .. options, .. words]),
            _ => await RunAsync([lab.Programs[by], "query", .. words]),
        };
        var replies = DnsReply.ReadAll(result.Output + (by == Resolver.Kdig ? result.Errors : ""));
        Assert.True(replies.Count == questions.Count, $"{replies.Count} replies to {questions.Count} questions of {by}: {result.Output}{result.Errors}");
        return replies;
    }

    /// <summary>What a program gets that looks a name up by the pod's search path: addresses in order, or the error's name.</summary>
    public async Task<string> HostsAsync(Resolver by, string name, int family = 0) => (await AllHostsAsync(by, [name], family))[0];

    /// <summary>The same for several names.</summary>
    public async Task<IReadOnlyList<string>> AllHostsAsync(Resolver library, IReadOnlyList<string> names, int family = 0)
    {
        var result = await RunAsync([lab.Programs[library], "hosts", $"{family}", .. names]);
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == names.Count, result.Output + result.Errors);
        return [.. lines.Select(static line => string.Join(' ', line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(' ').Distinct().Order(StringComparer.Ordinal)))];
    }

    /// <summary>The name that an address leads to by getnameinfo, or the error's.</summary>
    public async Task<string> NameAsync(Resolver library, string address)
    {
        var line = (await RunAsync(lab.Programs[library], "names", address)).Output.Trim();
        return line[(line.LastIndexOf(' ') + 1)..];
    }

    /// <summary>Runs a program there, whatever comes of it.</summary>
    public Task<ProgramResult> RunAsync(params string[] command) => lab.ExecAsync(DnsLab.Space, place, command);

    /// <summary>A program that looks the name up again and again until it is stopped; glibc's by TCP alone where that is asked for.</summary>
    public NameWatch Watch(Resolver library, string name, bool byTcp = false) =>
        new(lab.StartExec(place, "env", byTcp ? "RES_OPTIONS=use-vc" : "RES_OPTIONS=", lab.Programs[library], "watch", "4", name));
}
