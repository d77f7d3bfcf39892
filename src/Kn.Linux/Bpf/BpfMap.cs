using System.Buffers.Binary;
using System.Text;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Bpf;

/// <summary>Memory that programs and this process share. It lives while a descriptor, or a program that is loaded, holds it.</summary>
/// <remarks>BPF_MAP_CREATE, uapi/linux/bpf.h.</remarks>
public sealed class BpfMap : IDisposable
{
    internal const int NameBytes = 16;

    private const int BPF_MAP_CREATE = 0;
    private const int BPF_MAP_LOOKUP_ELEM = 1;
    private const int BPF_MAP_UPDATE_ELEM = 2;
    private const int BPF_MAP_DELETE_ELEM = 3;
    private const uint BPF_MAP_TYPE_HASH = 1;
    private const uint BPF_MAP_TYPE_ARRAY = 2;
    private const uint BPF_MAP_TYPE_LRU_HASH = 9;
    private const int CreateBytes = 28 + NameBytes;
    private const int ElementBytes = 32;
    private readonly SafeFileHandle _descriptor;
    private readonly int _keyBytes;
    private readonly int _valueBytes;

    private BpfMap(uint type, string name, int keyBytes, int valueBytes, int entries)
    {
        Span<byte> attributes = stackalloc byte[CreateBytes];
        attributes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(attributes, type);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[4..], keyBytes);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[8..], valueBytes);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[12..], entries);
        Encoding.ASCII.GetBytes(name, attributes.Slice(28, NameBytes - 1));
        var number = Libc.bpf(BPF_MAP_CREATE, attributes);
        Libc.ThrowIfFailed(number, $"create BPF map {name}");
        _descriptor = new SafeFileHandle(number, ownsHandle: true);
        _keyBytes = keyBytes;
        _valueBytes = valueBytes;
    }

    internal int Number => (int)_descriptor.DangerousGetHandle();

    /// <summary>A hash of fixed size that forgets what was not used for longest.</summary>
    public static BpfMap CreateLruHash(string name, int keyBytes, int valueBytes, int entries) => new(BPF_MAP_TYPE_LRU_HASH, name, keyBytes, valueBytes, entries);

    /// <summary>A hash; a write beyond its size is refused with E2BIG.</summary>
    public static BpfMap CreateHash(string name, int keyBytes, int valueBytes, int entries) => new(BPF_MAP_TYPE_HASH, name, keyBytes, valueBytes, entries);

    /// <summary>An array; its keys are 4 bytes.</summary>
    public static BpfMap CreateArray(string name, int valueBytes, int entries) => new(BPF_MAP_TYPE_ARRAY, name, sizeof(uint), valueBytes, entries);

    /// <summary>Reads a value.</summary>
    /// <returns>False when the map has no such key.</returns>
    public bool TryRead(ReadOnlySpan<byte> key, Span<byte> value) => Call(BPF_MAP_LOOKUP_ELEM, key, value) is not Errno.ENOENT;

    /// <summary>Adds or replaces a value.</summary>
    public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Call(BPF_MAP_UPDATE_ELEM, key, value);

    /// <summary>Removes a key; success when it is not there. Not for arrays.</summary>
    public void Remove(ReadOnlySpan<byte> key) => Call(BPF_MAP_DELETE_ELEM, key, []);

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private unsafe Errno Call(int command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length != _keyBytes || (value.Length != _valueBytes && command != BPF_MAP_DELETE_ELEM))
        {
            throw new ArgumentException($"key of {key.Length} and value of {value.Length} bytes; the map has {_keyBytes} and {_valueBytes}", nameof(key));
        }

        fixed (byte* keyStart = key, valueStart = value)
        {
            Span<byte> attributes = stackalloc byte[ElementBytes];
            attributes.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(attributes, Number);
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], (ulong)keyStart);

            // Null for an empty span: a removal that names a value is refused (CHECK_ATTR).
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[16..], (ulong)valueStart);
            if (Libc.bpf(command, attributes) >= 0)
            {
                return default;
            }

            return Libc.LastError is Errno.ENOENT ? Errno.ENOENT : throw new LinuxException("use a BPF map", Libc.LastError);
        }
    }
}
