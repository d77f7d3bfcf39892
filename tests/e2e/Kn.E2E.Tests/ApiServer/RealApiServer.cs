using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.E2E.Tests.ApiServer;

/// <summary>A real API server for one class of tests, started by the script that KN_REAL_APISERVER names and stopped by its sibling down.sh.</summary>
public sealed class RealApiServer : IAsyncLifetime
{
    /// <summary>Path of the script that starts an API server and prints its kubeconfig's path.</summary>
    public static readonly string? Script = Environment.GetEnvironmentVariable("KN_REAL_APISERVER");

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-e2e-api-").FullName;
    private readonly int _apiPort = FreePort();
    private readonly int _etcdPort = FreePort();

    /// <summary>The path of its kubeconfig, which has the contexts token and cert.</summary>
    public string Kubeconfig { get; private set; } = "";

    /// <summary>How to reach it.</summary>
    public ApiConnection Connection(string context = "token") => Kubernetes.Kubeconfigs.Kubeconfig.Load(Kubeconfig, context);

    public async Task InitializeAsync()
    {
        if (Script is not null)
        {
            await StartAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (Script is not null)
        {
            await StopAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts it, on the port and with the data of the last time.</summary>
    public async Task StartAsync(params string[] arguments) =>
        Kubeconfig = (await RunAsync(Script ?? "", arguments)).Trim().Split('\n')[^1];

    /// <summary>Stops it.</summary>
    public Task StopAsync() => RunAsync(Path.Combine(Path.GetDirectoryName(Script) ?? ".", "down.sh"), []);

    private async Task<string> RunAsync(string script, string[] arguments)
    {
        var start = new ProcessStartInfo(script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RUN"] = _folder;
        start.Environment["KEEP"] = "1";
        start.Environment["API_PORT"] = _apiPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["ETCD_PORT"] = _etcdPort.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"cannot run {script}");
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{script}: {await error}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
