using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Files;

/// <summary>Standard input or output by read(2) and write(2) alone, for a process that lives for milliseconds.</summary>
/// <remarks>The framework's console streams set up signal handlers and a thread for them; its file streams write a regular file at a position of
/// their own, over what other processes have written there. Closing this stream leaves the descriptor open.</remarks>
public sealed class StandardStream : Stream
{
    private readonly SafeFileHandle _descriptor;
    private readonly bool _forReading;

    internal StandardStream(SafeFileHandle descriptor, bool forReading)
    {
        _descriptor = descriptor;
        _forReading = forReading;
    }

    /// <inheritdoc/>
    public override bool CanRead => _forReading;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_forReading;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Descriptor 0.</summary>
    public static StandardStream OpenInput() => new(new SafeFileHandle(0, ownsHandle: false), forReading: true);

    /// <summary>Descriptor 1.</summary>
    public static StandardStream OpenOutput() => new(new SafeFileHandle(1, ownsHandle: false), forReading: false);

    /// <summary>Reads what is there; 0 at the end.</summary>
    /// <exception cref="LinuxException">EBADF: the descriptor is closed. EIO, EISDIR and the like.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            var count = Libc.Read(_descriptor, buffer);
            if (count >= 0)
            {
                return (int)count;
            }

            ThrowUnlessInterrupted("read standard input");
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Writes all of it.</summary>
    /// <exception cref="LinuxException">EPIPE: nobody reads any more. ENOSPC and the like.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Libc.Write(_descriptor, buffer);
            if (count >= 0)
            {
                buffer = buffer[(int)count..];
            }
            else
            {
                ThrowUnlessInterrupted("write standard output");
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Nothing is held back.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private static void ThrowUnlessInterrupted(string operation)
    {
        var errno = Libc.LastError;
        if (errno != Errno.EINTR)
        {
            throw new LinuxException(operation, errno);
        }
    }
}
