using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Storage;

/// <summary>The cache on disk, for a start without the API server.</summary>
/// <remarks>
/// <code>
/// "KNSNAP" | u16 format version | frame: server's URL | section … | u32 0xFFFFFFFF | SHA-256 of all before
/// section = frame: kind's name | u32 number of objects | frame: object as JSON …
/// frame   = u32 length | bytes
/// </code>
/// Integers are little-endian. The file is replaced by rename once it is whole and flushed, so that a crash leaves the old one.
/// </remarks>
public static class SnapshotFile
{
    internal const ushort FormatVersion = 1;
    internal const uint EndMark = 0xFFFF_FFFF;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static ReadOnlySpan<byte> Magic => "KNSNAP"u8;

    /// <summary>Writes these kinds of a snapshot; returns how many objects.</summary>
    /// <exception cref="IOException">The disk is full, the folder is missing, …; the earlier file is untouched.</exception>
    public static int Save(string path, string server, ClusterSnapshot snapshot, IEnumerable<ResourceKind> kinds)
    {
        var temporary = path + ".tmp";
        var count = 0;
        try
        {
            using (var stream = Create(temporary))
            {
                using var writer = new SnapshotWriter(stream);
                writer.Begin(server);
                foreach (var kind in kinds)
                {
                    count += WriteKind(writer, kind, snapshot);
                }

                writer.End();
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            return count;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Reads a file; null when there is none.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="server">The API server that the caller means; the file of another cluster is refused.</param>
    /// <param name="strings">Where recurring strings are pooled.</param>
    /// <exception cref="InvalidDataException">Damaged, cut short, of a newer version or of another cluster; the message names the file.</exception>
    public static SavedSnapshot? Load(string path, string server, StringPool strings)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 << 10);
        using var reader = new SnapshotReader(stream, path);
        if (reader.Begin() is var found && found != server)
        {
            throw new InvalidDataException($"{path}: written for {found}, not for {server}");
        }

        var builder = ClusterSnapshot.Empty.ToBuilder();
        var kinds = new HashSet<ResourceKind>();
        var skipped = 0;
        while (reader.NextKind() is { } name)
        {
            var kind = ResourceKinds.All.FirstOrDefault(kind => kind.Name == name);
            skipped += ReadKind(reader, kind, builder, strings);
            if (kind is not null)
            {
                kinds.Add(kind);
            }
        }

        return new SavedSnapshot(builder.ToSnapshot(), kinds, skipped);
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, options);
    }

    private static int WriteKind(SnapshotWriter writer, ResourceKind kind, ClusterSnapshot snapshot)
    {
        var count = kind.IsConfidential ? 0 : kind.CountIn(snapshot);
        writer.BeginKind(kind.Name, count);
        foreach (var item in count == 0 ? [] : kind.ObjectsIn(snapshot))
        {
            writer.WriteObject(kind, item);
        }

        return count;
    }

    private static int ReadKind(SnapshotReader reader, ResourceKind? kind, ClusterSnapshot.Builder builder, StringPool strings)
    {
        var skipped = 0;
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var json = reader.ReadFrame();
            try
            {
                if (kind is not null)
                {
                    builder.Set(kind.DecodeObject(json, strings));
                }
            }
            catch (ObjectDecodeException)
            {
                skipped++;
            }
        }

        return skipped;
    }
}
