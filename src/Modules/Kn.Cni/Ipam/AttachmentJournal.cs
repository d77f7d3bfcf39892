using Microsoft.Win32.SafeHandles;

namespace Kn.Cni.Ipam;

/// <summary>The attachments on disk: an append-only file whose lines are <see cref="JournalLine"/>s, and the table that they leave. Thread-safe.</summary>
/// <remarks>
/// <para>A record is written (to the page cache) before <see cref="AppendAsync"/> returns its task, so a killed agent loses nothing that it
/// began. The task ends when the record is on the disk. Whoever waits shares the flushes: one thread flushes for all that were
/// written before it began, so 200 parallel ADDs cost a few flushes, not 200.</para>
/// <para>Why a journal: on the development machine's ext4 an appended line with its flush takes 0.12 ms, a file a pod (write, flush,
/// rename, flush of the directory) 0.31 ms and cannot be shared.</para>
/// </remarks>
public sealed class AttachmentJournal : IDisposable
{
    private const int CompactFrom = 1024;
    private const int LinesPerAttachment = 4;
    private readonly Lock _lock = new();
#pragma warning disable CA2213 // Those who still wait for a flush use it; without a wait handle there is nothing to dispose.
    private readonly SemaphoreSlim _flushing = new(1, 1);
#pragma warning restore CA2213
    private readonly string _path;
    private readonly AttachmentTable _table;
    private SafeFileHandle _file;
    private long _length;
    private int _lines;
    private int _spareLines = CompactFrom;
    private long _written;
    private long _flushed;
    private bool _torn;

    private AttachmentJournal(string path, AttachmentTable table, int damagedLines)
    {
        _path = path;
        _table = table;
        DamagedLines = damagedLines;
        _file = Rewrite();
    }

    /// <summary>Lines that could not be read at the start: at most the last one after a power cut.</summary>
    public int DamagedLines { get; }

    /// <summary>How often the file was flushed to the disk; for tests of the sharing.</summary>
    internal long FlushCount { get; private set; }

    /// <summary>Reads the file, or begins one, and rewrites it without what is no longer needed.</summary>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static AttachmentJournal Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? "/");
        var table = new AttachmentTable();
        var damaged = File.Exists(path) ? Replay(File.ReadAllBytes(path), table) : 0;
        return new AttachmentJournal(path, table, damaged);
    }

    /// <summary>Applies every whole line to the table.</summary>
    /// <returns>How many lines were damaged.</returns>
    public static int Replay(ReadOnlyMemory<byte> content, AttachmentTable table)
    {
        var damaged = 0;
        while (!content.IsEmpty)
        {
            var end = content.Span.IndexOf((byte)'\n');
            var line = end < 0 ? content : content[..end];
            content = end < 0 ? default : content[(end + 1)..];
            // A last line without its line feed may be whole; then nobody was told so, and taking it as true is as good.
            if (JournalLine.TryRead(line) is { } record)
            {
                table.Apply(record);
            }
            else if (!line.IsEmpty)
            {
                damaged++;
            }
        }

        return damaged;
    }

    /// <summary>Reads from the table, under the lock.</summary>
    public T Read<T>(Func<AttachmentTable, T> read)
    {
        lock (_lock)
        {
            return read(_table);
        }
    }

    /// <summary>Writes a record; the task ends when it is on the disk.</summary>
    /// <exception cref="IOException">It cannot be written (disk full); the table is as before.</exception>
    public Task AppendAsync(JournalRecord record) => FlushAsync(Append(record));

    /// <summary>Writes a record that a power cut may forget, because the pod that it is about is gone then too.</summary>
    /// <returns>Its number, for the flush.</returns>
    /// <exception cref="IOException">It cannot be written (disk full); the table is as before.</exception>
    public long Append(JournalRecord record)
    {
        var line = JournalLine.Write(record);
        lock (_lock)
        {
            if (_lines > _spareLines + (LinesPerAttachment * _table.All.Count))
            {
                Compact();
            }

            WriteLine(line);
            _table.Apply(record);
            _lines++;
            return ++_written;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_file.IsClosed)
            {
                RandomAccess.FlushToDisk(_file);
                _file.Dispose();
            }
        }
    }

    private void WriteLine(byte[] line)
    {
        if (_torn)
        {
            // A failed write may have left half a line; end it, so that it spoils no other.
            line = [(byte)'\n', .. line];
        }

        try
        {
            RandomAccess.Write(_file, line, _length);
            _length += line.Length;
            _torn = false;
        }
        catch (IOException)
        {
            _torn = true;
            throw;
        }
    }

    private async Task FlushAsync(long number)
    {
        await Task.Yield();
        await _flushing.WaitAsync();
        try
        {
            if (Volatile.Read(ref _flushed) >= number)
            {
                return;
            }

            SafeFileHandle file;
            long upTo;
            lock (_lock)
            {
                file = _file;
                upTo = _written;
            }

            RandomAccess.FlushToDisk(file);
            FlushCount++;
            Volatile.Write(ref _flushed, upTo);
        }
        catch (ObjectDisposedException)
        {
            // Compacted or closed meanwhile; both leave everything on the disk.
        }
        finally
        {
            _flushing.Release();
        }
    }

    private void Compact()
    {
        var old = _file;
        try
        {
            _file = Rewrite();
        }
        catch (IOException)
        {
            // The old file still is the truth; try again when it has grown some more.
            _spareLines = _lines + CompactFrom;
            return;
        }

        _spareLines = CompactFrom;
        Volatile.Write(ref _flushed, _written);
        old.Dispose();
    }

    /// <summary>Writes the table into a new file, which takes the old one's place when it is on the disk.</summary>
    private SafeFileHandle Rewrite()
    {
        var temporary = _path + ".new";
        var content = _table.ToRecords().SelectMany(JournalLine.Write).ToArray();
        var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
            File.Move(temporary, _path, overwrite: true);
        }
        catch (IOException)
        {
            file.Dispose();
            throw;
        }

        _length = content.Length;
        _lines = _table.All.Count + 1;
        _torn = false;
        return file;
    }
}
