using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Proxying;

/// <summary>Writes a line of JSON for each request to a file. Threads that carry requests put lines into memory; another one writes them, and what it is
/// too slow for is dropped and counted: no request waits for a disk.</summary>
/// <remarks>The file is opened for each write, so that it can be moved away at any time.</remarks>
internal sealed class AccessLog(string path, TimeProvider time, ILogger logger)
{
    private const int BufferBytes = 1 << 20;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);
    private readonly Lock _lock = new();
    private byte[] _filling = new byte[BufferBytes];
    private byte[] _writing = new byte[BufferBytes];
    private int _length;
    private long _dropped;
    private bool _isFailing;

    /// <summary>Whether lines are in NCSA's combined form.</summary>
    public bool IsCombined { get; init; }

    /// <summary>Lines that were not written.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Adds a line. The lock is held by others for the time of such a copy only.</summary>
    public void Add(ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            if (line.Length <= _filling.Length - _length)
            {
                line.CopyTo(_filling.AsSpan(_length));
                _length += line.Length;
                return;
            }
        }

        Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes until cancelled, and then what is left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(s_interval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        int length;
        lock (_lock)
        {
            (_filling, _writing) = (_writing, _filling);
            (length, _length) = (_length, 0);
        }

        if (length == 0)
        {
            return;
        }

        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead };
            await using var file = new FileStream(path, options);
            await file.WriteAsync(_writing.AsMemory(0, length), CancellationToken.None);
            _isFailing = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _dropped, _writing.AsSpan(0, length).Count((byte)'\n'));
            if (!_isFailing)
            {
                _isFailing = true;
                IngressLog.AccessLogFailed(logger, exception.Message);
            }
        }
    }
}
