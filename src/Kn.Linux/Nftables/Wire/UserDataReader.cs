using System.Runtime.InteropServices;
using System.Text;

namespace Kn.Linux.Nftables;

/// <summary>Walks user data: type u8, length u8, bytes. User data belongs to whoever made the object, so nonsense is not an error: it ends the walk.</summary>
internal ref struct UserDataReader
{
    private ReadOnlySpan<byte> _rest;

    internal UserDataReader(ReadOnlySpan<byte> data) => _rest = data;

    internal byte Type { get; private set; }

    internal ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>True when a length led beyond the end.</summary>
    internal bool IsMalformed { get; private set; }

    internal bool MoveNext()
    {
        if (_rest.Length < 2 || _rest.Length < 2 + _rest[1])
        {
            IsMalformed = _rest.Length > 0;
            return false;
        }

        Type = _rest[0];
        Value = _rest.Slice(2, _rest[1]);
        _rest = _rest[(2 + _rest[1])..];
        return true;
    }

    internal readonly string ReadString()
    {
        var end = Value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
    }

    /// <summary>A number of 4 bytes in host order; null where the length is another.</summary>
    internal readonly uint? ReadUInt32() => Value.Length == sizeof(uint) ? MemoryMarshal.Read<uint>(Value) : null;
}
