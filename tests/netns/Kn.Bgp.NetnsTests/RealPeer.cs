using System.Diagnostics;
using System.Text;
using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>A BGP daemon of Debian's in a network namespace, with its configuration and sockets in a folder of its own.</summary>
internal abstract class RealPeer : IDisposable
{
    private readonly List<(Process Process, StringBuilder Output)> _processes = [];

    protected RealPeer(TestNamespace space, PeerSettings settings)
    {
        Space = space;
        Settings = settings;
        Folder = Directory.CreateTempSubdirectory("knbgp").FullName;
    }

    protected TestNamespace Space { get; }

    protected PeerSettings Settings { get; }

    protected string Folder { get; }

    internal static RealPeer Make(string kind, TestNamespace space, PeerSettings settings)
    {
        RealPeer peer = kind switch
        {
            "bird" => new Bird(space, settings),
            "frr" => new Frr(space, settings),
            "gobgp" => new Gobgp(space, settings),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        try
        {
            peer.Start();
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>Starts the daemon, and waits until it can be asked.</summary>
    internal abstract void Start();

    /// <summary>What it knows of a prefix, as its own tool prints it.</summary>
    internal abstract string Show(string prefix);

    /// <summary>How it prints a large community.</summary>
    internal abstract string Large(uint asn, uint first, uint second);

    /// <summary>Asks Kn for everything again.</summary>
    internal abstract void Refresh();

    /// <summary>What it says of its neighbour.</summary>
    internal abstract string Neighbor();

    /// <summary>How many paths its BFD has found up.</summary>
    internal virtual int WatchedPaths() => 0;

    /// <summary>As a crash would.</summary>
    internal void Kill()
    {
        foreach (var (process, _) in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _processes.Clear();
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(Folder, recursive: true);
    }

    protected void Launch(string program, params string[] arguments)
    {
        var process = Tool.Start("ip", ["netns", "exec", Space.Name, program, .. arguments]);
        var output = new StringBuilder();
        void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }

        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add((process, output));
    }

    protected void WaitUntil(Func<bool> ready, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!ready())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{what} is not ready: {Log}");
            Assert.DoesNotContain(_processes, static started => started.Process.HasExited);
            Thread.Sleep(20);
        }
    }

    internal string Log => string.Join('\n', _processes.Select(static started =>
    {
        lock (started.Output)
        {
            return started.Output.ToString();
        }
    }));

    protected string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
