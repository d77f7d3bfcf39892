using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;

namespace Kn.NetnsTests;

/// <summary>A network namespace with a name that no other test has; gone, with all in it, after Dispose. Needs root.</summary>
public sealed class TestNamespace : IDisposable
{
    private static readonly ConcurrentDictionary<string, bool> Left = new(StringComparer.Ordinal);
    private static int _created;

    // A test class whose constructor throws is never disposed.
    static TestNamespace() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (var name in Left.Keys)
        {
            NetworkNamespace.Remove(name);
        }
    };

    /// <summary>Makes it; the loopback link is up, as every real node's is.</summary>
    public TestNamespace(string prefix = "kntest")
    {
        Name = $"{prefix}-{Environment.ProcessId}-{Interlocked.Increment(ref _created)}";
        Namespace = NetworkNamespace.Create(Name);
        Left[Name] = true;
        Ip("link", "set", "lo", "up");
    }

    /// <summary>For <c>ip netns exec</c> and /run/netns.</summary>
    public string Name { get; }

    /// <summary>The open namespace, for sockets inside it.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Runs <c>ip -n NAME …</c>.</summary>
    public string Ip(params string[] arguments) => Tool.Run("ip", ["-n", Name, .. arguments]);

    /// <summary>Runs <c>ip -j -d -n NAME …</c> and parses what it prints.</summary>
    public JsonArray IpJson(params string[] arguments)
    {
        var text = Tool.Run("ip", ["-j", "-d", "-n", Name, .. arguments]);
        return text.Trim().Length == 0 ? [] : (JsonArray)JsonNode.Parse(text)!;
    }

    /// <summary>Runs any tool inside the namespace.</summary>
    public string Exec(string tool, params string[] arguments) => Tool.Run("ip", ["netns", "exec", Name, tool, .. arguments]);

    public void Dispose()
    {
        Namespace.Dispose();
        NetworkNamespace.Remove(Name);
        Left.TryRemove(Name, out _);
    }
}
