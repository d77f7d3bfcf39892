using System.Diagnostics;
using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;

namespace Kn.Bench;

/// <summary>A lab, of one node unless asked otherwise, for as long as a group of benchmarks runs.</summary>
internal sealed class Lab : IDisposable
{
    private readonly string _binaries;
    private readonly string _name;

    private Lab(string binaries, string name)
    {
        _binaries = binaries;
        _name = name;
    }

    /// <summary>The lab's files.</summary>
    public string Folder => $"/run/kn-lab/{_name}";

    /// <summary>Files of its first node.</summary>
    public string NodeFolder => $"{Folder}/node1";

    /// <summary>Builds the lab and waits until its node is Ready.</summary>
    /// <param name="binaries">Where kn and kn-lab are.</param>
    /// <param name="name">The lab's name.</param>
    /// <param name="more">Further words for kn-lab up.</param>
    public static Lab Up(string binaries, string name, params string[] more)
    {
        var lab = new Lab(binaries, name);
        try
        {
            lab.KnLab([.. (string[])["up", "--name", name], .. more.Contains("--nodes") ? [] : (string[])["--nodes", "1"], .. more]);
            return lab;
        }
        catch (InvalidOperationException)
        {
            lab.Dispose();
            throw;
        }
    }

    /// <summary>The kn-lab program.</summary>
    public string KnLabPath => Path.Combine(_binaries, "kn-lab");

    /// <summary>The node's network namespace.</summary>
    public NetworkNamespace OpenNode() => NetworkNamespace.OpenNamed($"{_name}-node1");

    /// <summary>kn-lab with these words.</summary>
    public string KnLab(params string[] words) => Call(Path.Combine(_binaries, "kn-lab"), words);

    /// <summary>kn-lab agent, of this lab's node.</summary>
    public void Agent(string verb) => KnLab("agent", verb, "node1", "--name", _name);

    /// <summary>kubectl on the lab's API server.</summary>
    public string Kubectl(params string[] words) => Call("kubectl", ["--kubeconfig", $"{Folder}/api/kubeconfig", .. words]);

    /// <summary>What the node's agent says of itself.</summary>
    public JsonNode Status() => JsonNode.Parse(Call(Path.Combine(_binaries, "kn"), "status", "-o", "json", "--socket", $"{NodeFolder}/run/kn.sock"))!;

    /// <summary>Process id of the node's agent.</summary>
    /// <exception cref="InvalidOperationException">None runs.</exception>
    public int AgentPid()
    {
        using var node = OpenNode();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(static path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                var words = File.ReadAllText($"{folder}/cmdline").Split('\0');
                if (words is [_, "agent", ..] && new FileInfo($"{folder}/ns/net").LinkTarget == $"net:[{node.Inode}]")
                {
                    return int.Parse(Path.GetFileName(folder));
                }
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }

        throw new InvalidOperationException("no agent runs on the node");
    }

    public void Dispose() => KnLab("down", "--name", _name);

    internal static string Call(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', words)}: exit {process.ExitCode}: {errors.GetAwaiter().GetResult()}{output}");
    }
}
