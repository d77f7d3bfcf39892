namespace Kn.Hosting.Control;

/// <summary>Held by the one agent of a run directory for as long as it lives; the kernel lets go of it when the process dies.</summary>
/// <remarks>flock(2) by way of FileShare.None. The socket alone cannot tell: between unlinking a stale one and binding, two
/// agents that start together would both think that they are alone.</remarks>
public sealed class AgentLock : IDisposable
{
    /// <summary>The locked file's name in the run directory.</summary>
    internal const string FileName = "kn.lock";

    private readonly FileStream _file;

    private AgentLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <returns>Null when another process has it.</returns>
    /// <exception cref="IOException">The directory cannot be made or written to.</exception>
    public static AgentLock? TryTake(string runDirectory)
    {
        Directory.CreateDirectory(runDirectory);
        var path = Path.Combine(runDirectory, FileName);
        try
        {
            return new AgentLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
