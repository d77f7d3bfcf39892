using Kn.Linux;
using Kn.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Kn.Cni.Ipam;

/// <summary>A file that is replaced as a whole: it is the old one or the new one at any moment, also across a power cut.</summary>
internal sealed class JournalFile(string path)
{

    /// <summary>Called before each step; a test kills the process from it.</summary>
    public Action<RewriteStep>? BeforeStep { get; set; }

    private string DirectoryPath { get; } = Path.GetDirectoryName(path) ?? "/";

    /// <summary>The content; empty when there is no file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public byte[] Read() => File.Exists(path) ? File.ReadAllBytes(path) : [];

    /// <summary>Writes a new file, and returns it open when it has taken the old one's place.</summary>
    /// <exception cref="IOException">Disk full, read-only, not ours; the old file is as it was.</exception>
    public SafeFileHandle Replace(byte[] content)
    {
        var temporary = path + ".new";
        SafeFileHandle? file = null;
        try
        {
            Directory.CreateDirectory(DirectoryPath);
            BeforeStep?.Invoke(RewriteStep.WriteNewFile);
            file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete);
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
            BeforeStep?.Invoke(RewriteStep.Rename);
            File.Move(temporary, path, overwrite: true);
            var written = file;
            file = null;
            return written;
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
        finally
        {
            if (file is not null)
            {
                file.Dispose();
                // Half a file must not keep the disk full.
                File.Delete(temporary);
            }
        }
    }

    /// <summary>Makes the replacement durable. Without it a power cut could bring back the old file, and with it addresses that were given
    /// out since.</summary>
    /// <exception cref="IOException">The directory cannot be flushed.</exception>
    public void FlushName()
    {
        try
        {
            BeforeStep?.Invoke(RewriteStep.FlushName);
            DirectoryFlush.Flush(DirectoryPath);
            BeforeStep?.Invoke(RewriteStep.UseNewFile);
        }
        catch (LinuxException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
