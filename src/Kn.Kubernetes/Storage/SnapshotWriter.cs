using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Storage;

/// <summary>Writes the format of <see cref="SnapshotFile"/>, in pieces of some 64 KiB.</summary>
internal sealed class SnapshotWriter : IDisposable
{
    private const int PieceSize = 64 << 10;
    private readonly Stream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _buffer = new(PieceSize);
    private readonly ArrayBufferWriter<byte> _object = new(4 << 10);
    private readonly Utf8JsonWriter _json;

    public SnapshotWriter(Stream stream)
    {
        _stream = stream;
        _json = new Utf8JsonWriter(_object);
    }

    public void Begin(string server)
    {
        _buffer.Write(SnapshotFile.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.GetSpan(2), SnapshotFile.FormatVersion);
        _buffer.Advance(2);
        WriteFrame(Encoding.UTF8.GetBytes(server));
    }

    public void BeginKind(string name, int count)
    {
        WriteFrame(Encoding.UTF8.GetBytes(name));
        WriteUInt32((uint)count);
    }

    public void WriteObject(ResourceKind kind, KubernetesObject item)
    {
        _object.ResetWrittenCount();
        _json.Reset();
        kind.Encode(_json, item);
        _json.Flush();
        WriteFrame(_object.WrittenSpan);
        if (_buffer.WrittenCount >= PieceSize)
        {
            Drain();
        }
    }

    public void End()
    {
        WriteUInt32(SnapshotFile.EndMark);
        Drain();
        _stream.Write(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _json.Dispose();
        _hash.Dispose();
    }

    private void WriteFrame(ReadOnlySpan<byte> bytes)
    {
        WriteUInt32((uint)bytes.Length);
        _buffer.Write(bytes);
    }

    private void WriteUInt32(uint number)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), number);
        _buffer.Advance(4);
    }

    private void Drain()
    {
        _hash.AppendData(_buffer.WrittenSpan);
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
