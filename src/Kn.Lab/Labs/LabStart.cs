using System.Diagnostics;
using System.Text.Json;
using Kn.Lab.Api;
using Kn.Lab.Control;
using Kn.Lab.Processes;

namespace Kn.Lab;

/// <summary>Brings a lab up and down from outside its daemon.</summary>
internal sealed class LabStart(LabOptions options, TimeProvider time)
{
    private const int TailLines = 25;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts the daemon and waits until the lab can be used: every node Ready, or, without agents, registered.</summary>
    /// <exception cref="LabException">It is up already, it failed, or the deadline passed; nothing is left running then.</exception>
    public async Task RunAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        if (LabLock.HolderOf(options.Folder) is { } pid)
        {
            throw new LabException($"lab {options.Name} is up already (process {pid}); 'kn-lab down --name {options.Name}' ends it");
        }

        await RemoveAsync(cancellationToken);
        Directory.CreateDirectory(options.Folder);
        await File.WriteAllTextAsync(options.File, JsonSerializer.Serialize(options, LabJson.Default.LabOptions), cancellationToken);
        using var daemon = ProgramStart.Detached(ProgramStart.OwnPath, [ProgramStart.OwnPath, "serve", options.Folder], options.Log);
        if (await WaitAsync(daemon, deadline, cancellationToken) is { } trouble)
        {
            var message = $"lab {options.Name} did not come up: {trouble}{Tails()}";
            await RemoveAsync(CancellationToken.None);
            throw new LabException(message);
        }
    }

    /// <summary>Ends the lab and removes all that it made; absent is success.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await new LabRemains(new LabNames(options.Name), options.Folder, time).RemoveAsync(cancellationToken);
    }

    /// <summary>Takes the lab's nodes out of an API server that lives on; best effort, it may be gone too.</summary>
    public async Task DeleteNodesAsync(CancellationToken cancellationToken)
    {
        if (options.Kubeconfig.Length == 0)
        {
            return;
        }

        try
        {
            using var client = ApiClient.FromKubeconfig(options.Kubeconfig);
            var nodes = await client.ListAsync(ApiResources.Nodes, null, $"labelSelector=kn.internal%2Flab%3D{options.Name}", cancellationToken);
            foreach (var node in nodes.Items)
            {
                await client.EnsureDeletedAsync(ApiResources.Nodes, null, node.Name(), null, cancellationToken);
            }
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync($"kn-lab: the nodes stay in the API server: {e.Message}");
        }
    }

    private async Task<string?> WaitAsync(Process daemon, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            if (ControlClient.TryStatus(options) is { } status && (options.Kn.Length == 0 || status.Nodes.All(static node => node.Ready)))
            {
                return null;
            }

            if (daemon.HasExited)
            {
                return $"its daemon ended with {daemon.ExitCode}";
            }

            if (time.GetElapsedTime(since) > deadline)
            {
                return $"not every node was Ready within {deadline.TotalSeconds:0} s";
            }

            await Task.Delay(Glance, time, cancellationToken);
        }
    }

    private string Tails()
    {
        var text = Tail(options.Log);
        for (var number = 1; number <= options.Nodes; number++)
        {
            text += Tail(Path.Combine(options.Folder, LabNames.NodeName(number), "agent.log"));
        }

        return text;
    }

    private static string Tail(string path) =>
        File.Exists(path) ? $"\n--- {path}\n{string.Join('\n', File.ReadLines(path).TakeLast(TailLines))}" : "";
}
