using System.Net;
using System.Net.Sockets;
using Kn.Lab.Processes;

namespace Kn.E2E.Tests.Framework;

/// <summary>A real API server, started by the script of KN_REAL_APISERVER and stopped by down.sh beside it.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly Dictionary<string, string> _environment;

    private RealServer(Dictionary<string, string> environment, string kubeconfig)
    {
        _environment = environment;
        Kubeconfig = kubeconfig;
    }

    /// <summary>The script, or null where there is none.</summary>
    public static string? Script => Environment.GetEnvironmentVariable("KN_REAL_APISERVER") is { Length: > 0 } script ? script : null;

    /// <summary>The administrator's kubeconfig.</summary>
    public string Kubeconfig { get; }

    /// <summary>Starts an instance with ports and a folder of its own.</summary>
    public static async Task<RealServer> StartAsync()
    {
        var etcd = FreePorts();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = Environment.GetEnvironmentVariable("HOME") ?? "/root",
            ["API_PORT"] = (etcd + 2).ToString(),
            ["ETCD_PORT"] = etcd.ToString(),
            ["RUN"] = Path.Combine(Path.GetTempPath(), $"kn-e2e-apiserver-{Guid.NewGuid():N}"),
        };
        var started = await ProgramStart.RunAsync(null, [Script!], environment, "", CancellationToken.None);
        return started.ExitCode == 0
            ? new RealServer(environment, started.Output.Trim())
            : throw new InvalidOperationException($"{Script}: {started.Errors}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ProgramStart.RunAsync(null, [Path.Combine(Path.GetDirectoryName(Script)!, "down.sh")], _environment, "", CancellationToken.None);
        Directory.Delete(_environment["RUN"], recursive: true);
    }

    // The first of three ports in a row that nobody has now; outside of the range that the kernel gives to clients.
    private static int FreePorts()
    {
        for (var port = 20000 + (Environment.ProcessId % 1000 * 10); ; port += 10)
        {
            if (Enumerable.Range(port, 3).All(IsFree))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
