using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kn.Kubernetes.Storage;

/// <summary>Reads the format of <see cref="SnapshotFile"/>; nothing that it gave out is to be trusted before it has seen the end.</summary>
internal sealed class SnapshotReader(Stream stream, string path) : IDisposable
{
    private const int LargestFrame = 32 << 20;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _frame = new byte[16 << 10];

    /// <summary>Reads the head; returns the server's URL.</summary>
    /// <exception cref="InvalidDataException">Not a snapshot, or of a version that is not known here.</exception>
    public string Begin()
    {
        var head = Read(SnapshotFile.Magic.Length + 2);
        if (!head.StartsWith(SnapshotFile.Magic))
        {
            throw Fail("not a snapshot file");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(head[SnapshotFile.Magic.Length..]);
        if (version != SnapshotFile.FormatVersion)
        {
            throw Fail($"format {version}; this version of kn reads format {SnapshotFile.FormatVersion}");
        }

        return Encoding.UTF8.GetString(ReadFrame());
    }

    /// <summary>The next section's kind; null at the end, once the checksum was found right.</summary>
    /// <exception cref="InvalidDataException">Cut short or damaged.</exception>
    public string? NextKind()
    {
        var length = ReadUInt32();
        if (length != SnapshotFile.EndMark)
        {
            return Encoding.UTF8.GetString(ReadFrame(length));
        }

        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(expected);
        if (!Read(SHA256.HashSizeInBytes).SequenceEqual(expected) || stream.ReadByte() >= 0)
        {
            throw Fail("damaged: the checksum does not fit");
        }

        return null;
    }

    /// <summary>How many objects follow.</summary>
    public uint ReadCount() => ReadUInt32();

    /// <summary>The next frame; valid until the next read.</summary>
    public ReadOnlySpan<byte> ReadFrame() => ReadFrame(ReadUInt32());

    public void Dispose() => _hash.Dispose();

    private ReadOnlySpan<byte> ReadFrame(uint length) =>
        length <= LargestFrame && length <= stream.Length - stream.Position ? Read((int)length) : throw Fail("damaged or cut short");

    private uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Read(4));

    private ReadOnlySpan<byte> Read(int length)
    {
        if (_frame.Length < length)
        {
            _frame = new byte[length];
        }

        var bytes = _frame.AsSpan(0, length);
        if (stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false) < length)
        {
            throw Fail("cut short");
        }

        _hash.AppendData(bytes);
        return bytes;
    }

    private InvalidDataException Fail(string problem) => new($"{path}: {problem}");
}
