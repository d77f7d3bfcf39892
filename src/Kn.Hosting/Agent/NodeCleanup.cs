using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>Removes everything that Kn ever made on this node; what the user wrote (the config file, the kubeconfig) stays.</summary>
/// <param name="options">Where things are; every known module is cleaned up, enabled or not.</param>
/// <param name="loggers">All loggers come from here.</param>
/// <param name="time">The clock.</param>
public sealed class NodeCleanup(AgentOptions options, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>Cleans up, in reverse start order; a module that fails does not keep the others from it.</summary>
    /// <param name="output">Gets a line for each thing removed.</param>
    /// <param name="errors">Gets a line for each failure.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <returns>True when nothing is left.</returns>
    public async Task<bool> RunAsync(TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        var paths = options.Node.Paths;
        using var single = AgentLock.TryTake(paths.Run);
        if (single is null)
        {
            await errors.WriteLineAsync($"kn: an agent is at work in {paths.Run}; stop it first (systemctl stop kn)");
            return false;
        }

        var modules = new AgentModules(options, new ClusterCache(), new ControlHandlers(), new MetricRegistry(), loggers, time);
        var good = true;
        foreach (var module in modules.Enabled.Concat(modules.Disabled).OrderByDescending(StartOrder))
        {
            good &= await CleanUpAsync(module, output, errors, cancellationToken);
        }

        if (!good)
        {
            await errors.WriteLineAsync($"kn: {paths.State} is kept, because it says what is left; run this again");
            return false;
        }

        Remove(paths.State, [ClusterConnection.SnapshotFile], output);
        Remove(paths.Run, [Path.GetFileName(paths.Socket), AgentLock.FileName], output);
        return true;
    }

    private int StartOrder(SupervisedModule module) => options.Modules.TakeWhile(section => section != module.Section).Count();

    private static async Task<bool> CleanUpAsync(SupervisedModule module, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        try
        {
            await module.Create().CleanupAsync(module.Context, cancellationToken);
            await output.WriteLineAsync($"{module.Name}: clean");
            return true;
        }
#pragma warning disable CA1031 // The supervisor boundary: one module's fault must not leave the others' state behind.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            await errors.WriteLineAsync($"kn: {module.Name}: {exception.Message}");
            return false;
        }
    }

    /// <summary>Removes the host's own files by name, and the directory once it is empty: the path is the user's to choose, so nothing is
    /// removed that Kn did not make.</summary>
    private static void Remove(string directory, IReadOnlyList<string> files, TextWriter output)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var file in files.Select(file => Path.Combine(directory, file)).Where(File.Exists))
        {
            File.Delete(file);
            output.WriteLine($"{file}: removed");
        }

        if (Directory.EnumerateFileSystemEntries(directory).Any())
        {
            output.WriteLine($"{directory}: kept, because it holds what is not Kn's");
            return;
        }

        Directory.Delete(directory);
        output.WriteLine($"{directory}: removed");
    }
}
