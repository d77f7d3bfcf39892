using Kn.Cni.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Kn.Cni.Ipam;

/// <summary>The attachments on disk: an append-only file whose lines are <see cref="JournalLine"/>s, and the table that they leave. Thread-safe.</summary>
/// <remarks>
/// <para>A record is written (to the page cache) before <see cref="AppendAsync"/> returns its task, so a killed agent loses nothing that it
/// began. The task ends when the record is on the disk. Whoever waits shares the flushes: one thread flushes for all that were
/// written before it began, so 200 parallel ADDs cost a few flushes, not 200.</para>
/// <para>A disk that is full or read-only stops ADD and nothing else: DEL frees what it frees, and its records follow when the disk takes them.</para>
/// <para>Why a journal: on the development machine's ext4 an appended line with its flush takes 0.12 ms, a file a pod (write, flush,
/// rename, flush of the directory) 0.31 ms and cannot be shared.</para>
/// </remarks>
public sealed class AttachmentJournal : IDisposable
{
    private const int CompactFrom = 1024;
    private const int LinesPerEntry = 4;
    private readonly Lock _lock = new();
#pragma warning disable CA2213 // Those who still wait for a flush use it; without a wait handle there is nothing to dispose.
    private readonly SemaphoreSlim _flushing = new(1, 1);
#pragma warning restore CA2213
    private readonly JournalFile _disk;
    private readonly AttachmentTable _table;
    private readonly List<byte> _late = [];
    private SafeFileHandle? _file;
    private long _length;
    private int _lines;
    private int _spareLines = CompactFrom;
    private long _written;
    private long _flushed;
    private bool _torn;
    private bool _doubtful;

    private AttachmentJournal(string path, AttachmentTable table, int damagedLines)
    {
        _disk = new JournalFile(path);
        _table = table;
        DamagedLines = damagedLines;
        Recover();
    }

    /// <summary>Lines that could not be read at the start: at most the last one after a power cut.</summary>
    public int DamagedLines { get; }

    /// <summary>Why the disk took nothing the last time; null when it did.</summary>
    public string? Problem { get; private set; }

    /// <summary>Called before each step of writing the file anew; a test kills the process from it.</summary>
    internal Action<RewriteStep>? BeforeStep
    {
        set => _disk.BeforeStep = value;
    }

    /// <summary>How often the file was flushed to the disk; for tests of the sharing.</summary>
    internal long FlushCount { get; private set; }

    /// <summary>Reads the file, or begins one, and rewrites it without what is no longer needed. A disk that cannot be written is no obstacle yet.</summary>
    /// <exception cref="IOException">The file is there and cannot be read: without it nobody knows which addresses are in use.</exception>
    public static AttachmentJournal Open(string path)
    {
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

    /// <summary>Compares what a start would find on the disk now with what is known.</summary>
    /// <returns>How many lines are damaged, and whether the others say what is known.</returns>
    public (int DamagedLines, bool Fits) Compare()
    {
        lock (_lock)
        {
            try
            {
                var table = new AttachmentTable();
                var damaged = Replay(_disk.Read(), table);
                return (damaged, table.All.Count == _table.All.Count && table.All.All(attachment => _table.TryFind(attachment.Key, out var known) && known == attachment));
            }
            catch (IOException error)
            {
                Problem = error.Message;
                return (0, false);
            }
        }
    }

    /// <summary>Writes the file anew, without what was damaged or is no longer needed.</summary>
    /// <exception cref="IOException">It cannot be written; the old file is as it was.</exception>
    public void WriteAnew()
    {
        lock (_lock)
        {
            Rewrite();
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
            CompactIfLong();
            WriteLine(line);
            _table.Apply(record);
            return ++_written;
        }
    }

    /// <summary>Ends an attachment, whether or not the disk takes its record now; if not, it goes before the next one that the disk takes.
    /// A start in between finds an attachment without a link, and ends it.</summary>
    /// <returns>Why the disk did not take it; null when it did.</returns>
    public string? Forget(AttachmentKey key, DateTimeOffset now)
    {
        var record = new JournalRecord.Removed(key, now);
        lock (_lock)
        {
            try
            {
                Append(record);
                return null;
            }
            catch (IOException error)
            {
                _late.AddRange(JournalLine.Write(record));
                _table.Apply(record);
                return error.Message;
            }
        }
    }

    /// <summary>Tries again to write when the last time failed.</summary>
    /// <returns>Whether the disk takes records.</returns>
    public bool Recover()
    {
        lock (_lock)
        {
            try
            {
                if (_file is null || _doubtful || Problem is not null)
                {
                    Rewrite();
                }

                return true;
            }
            catch (IOException error)
            {
                Problem = error.Message;
                return false;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_file is { IsClosed: false } file)
            {
                RandomAccess.FlushToDisk(file);
                file.Dispose();
            }
        }
    }

    private void WriteLine(byte[] line)
    {
        try
        {
            if (_file is null || _doubtful)
            {
                Rewrite();
            }

            // A failed write may have left half a line; end it, so that it spoils no other.
            byte[] bytes = [.. _torn ? "\n"u8 : default, .. _late, .. line];
            RandomAccess.Write(_file!, bytes, _length);
            _length += bytes.Length;
            _lines++;
            _torn = false;
            _late.Clear();
            Problem = null;
        }
        catch (IOException error)
        {
            _torn = true;
            Problem = error.Message;
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

            SafeFileHandle? file;
            long upTo;
            lock (_lock)
            {
                file = _file;
                upTo = _written;
            }

            Flush(file);
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

    private void Flush(SafeFileHandle? file)
    {
        try
        {
            if (file is not null)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        catch (IOException error)
        {
            lock (_lock)
            {
                // What the kernel could not write it may have dropped, and the next flush would not tell: begin a new file.
                Problem = error.Message;
                _doubtful = true;
            }

            throw;
        }
    }

    private void CompactIfLong()
    {
        if (_file is null || _lines <= _spareLines + (LinesPerEntry * (_table.All.Count + _table.Freed.Count)))
        {
            return;
        }

        try
        {
            Rewrite();
        }
        catch (IOException)
        {
            // The old file still is the truth; try again when it has grown some more.
            _spareLines = _lines + CompactFrom;
        }
    }

    /// <summary>Writes the table into a new file, which takes the old one's place when it is on the disk.</summary>
    private void Rewrite()
    {
        var content = _table.ToRecords().SelectMany(JournalLine.Write).ToArray();
        var old = _file;
        _file = _disk.Replace(content);
        old?.Dispose();
        _length = content.Length;
        _lines = _table.All.Count + _table.Freed.Count + 1;
        _spareLines = CompactFrom;
        _torn = false;
        _late.Clear();
        _doubtful = true;
        _disk.FlushName();
        _doubtful = false;
        Problem = null;
        Volatile.Write(ref _flushed, _written);
    }
}
