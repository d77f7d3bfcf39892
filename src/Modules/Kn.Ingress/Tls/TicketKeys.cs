using System.Buffers.Binary;
using System.Security.Cryptography;
using Kn.Linux.Tls;

namespace Kn.Ingress.Tls;

/// <summary>Keys of session tickets, in a file that only root can read and that is gone with the node's memory: sessions outlive a restart of the
/// agent, and not the keys' time.</summary>
/// <remarks>
/// The file: when the keys were made, in seconds since 1970, big-endian, and the keys.
/// <code>
///  0      8                 88
/// +------+-----------------+
/// | made | keys            |
/// +------+-----------------+
/// </code>
/// Whoever has the keys can read what was sent with TLS 1.2 sessions of their time, so that is short (RFC 5077 §5.5).
/// </remarks>
/// <param name="path">The file; on a tmpfs.</param>
/// <param name="time">The clock.</param>
internal sealed class TicketKeys(string path, TimeProvider time)
{
    /// <summary>How long keys are used.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private const int StampBytes = 8;
    private byte[]? _file;

    /// <summary>The keys now: those of the last process where they are not old.</summary>
    public byte[] Read()
    {
        _file ??= TryLoad();
        return _file is not null && !IsOld(_file) ? _file[StampBytes..] : Make();
    }

    /// <summary>Makes others where it is time to; null where it is not.</summary>
    public byte[]? RenewIfOld() => _file is not null && IsOld(_file) ? Make() : null;

    /// <summary>Removes the file.</summary>
    public static void Remove(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    private byte[] Make()
    {
        _file = new byte[StampBytes + TlsServerSettings.TicketKeyBytes];
        BinaryPrimitives.WriteInt64BigEndian(_file, time.GetUtcNow().ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(_file.AsSpan(StampBytes));
        TrySave(_file);
        return _file[StampBytes..];
    }

    private bool IsOld(byte[] file)
    {
        var age = time.GetUtcNow().ToUnixTimeSeconds() - BinaryPrimitives.ReadInt64BigEndian(file);
        return age < 0 || age >= Lifetime.TotalSeconds;
    }

    private byte[]? TryLoad()
    {
        try
        {
            var file = File.ReadAllBytes(path);
            return file.Length == StampBytes + TlsServerSettings.TicketKeyBytes ? file : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Without a file the next process begins with keys of its own: clients shake hands once more.</summary>
    private void TrySave(byte[] file)
    {
        var draft = path + ".new";
        try
        {
            File.Delete(draft);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using (var stream = new FileStream(draft, options))
            {
                stream.Write(file);
            }

            File.Move(draft, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }
}
