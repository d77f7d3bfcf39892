using Kn.Hosting.Options;

namespace Kn.Cni.Installation;

/// <summary>The files by which the container runtime finds Kn: the plugin and the configuration list. Each change is a rename, so that
/// the runtime never sees half a file.</summary>
public sealed class NodeFiles(PathOptions paths)
{
    private const string RunningProgram = "/proc/self/exe";
    private const UnixFileMode ProgramMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The configuration list.</summary>
    public string ConflistPath => Path.Combine(paths.CniConfig, Conflist.FileName);

    /// <summary>The plugin.</summary>
    public string PluginPath => Path.Combine(paths.CniPlugins, Conflist.PluginType);

    /// <summary>Installs the running program as the plugin, unless the same is there.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public bool EnsurePlugin() => EnsurePlugin(RunningProgram);

    /// <summary>Writes the configuration list, unless the same is there.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public bool EnsureConflist()
    {
        var content = Conflist.Write(paths);
        if (IsOffered(withPlugin: false))
        {
            return false;
        }

        Directory.CreateDirectory(paths.CniConfig);
        // Runtimes load *.conf, *.conflist and *.json: the temporary name must be none of these.
        var temporary = ConflistPath + ".new";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, ConflistPath, overwrite: true);
        return true;
    }

    /// <summary>Whether the configuration list is as it should be, and the plugin is there if it is ours to install.</summary>
    public bool IsOffered(bool withPlugin) =>
        File.Exists(ConflistPath)
        && File.ReadAllBytes(ConflistPath).AsSpan().SequenceEqual(Conflist.Write(paths))
        && (!withPlugin || File.Exists(PluginPath));

    /// <summary>Removes the configuration list, so that the runtime asks for no more pods. Absent is success.</summary>
    public void RemoveConflist()
    {
        DeleteIfThere(ConflistPath);
        DeleteIfThere(ConflistPath + ".new");
    }

    /// <summary>Removes the plugin. Absent is success.</summary>
    public void RemovePlugin()
    {
        DeleteIfThere(PluginPath);
        DeleteIfThere(PluginPath + ".new");
    }

    internal bool EnsurePlugin(string program)
    {
        if (IsSame(program, PluginPath))
        {
            return false;
        }

        Directory.CreateDirectory(paths.CniPlugins);
        var temporary = PluginPath + ".new";
        using (var source = File.OpenRead(program))
        using (var target = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = ProgramMode,
        }))
        {
            source.CopyTo(target);
            target.Flush(flushToDisk: true);
        }

        File.SetUnixFileMode(temporary, ProgramMode);
        File.Move(temporary, PluginPath, overwrite: true);
        return true;
    }

    private static bool IsSame(string program, string installed)
    {
        if (!File.Exists(installed))
        {
            return false;
        }

        using var left = File.OpenRead(program);
        using var right = File.OpenRead(installed);
        if (left.Length != right.Length)
        {
            return false;
        }

        const int ChunkBytes = 128 * 1024;
        var ours = new byte[ChunkBytes];
        var theirs = new byte[ChunkBytes];
        while (true)
        {
            var count = left.ReadAtLeast(ours, ChunkBytes, throwOnEndOfStream: false);
            var other = right.ReadAtLeast(theirs, ChunkBytes, throwOnEndOfStream: false);
            if (!ours.AsSpan(0, count).SequenceEqual(theirs.AsSpan(0, other)))
            {
                return false;
            }

            if (count < ChunkBytes)
            {
                return true;
            }
        }
    }

    private static void DeleteIfThere(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Nobody made the directory either.
        }
    }
}
