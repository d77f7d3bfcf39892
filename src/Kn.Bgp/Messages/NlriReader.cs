using Kn.Bgp.Ribs;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Reads prefixes: a length in bits, and as many bytes as that needs.</summary>
/// <remarks>RFC 4271 §4.3. Bits behind the length mean nothing, and are cleared.</remarks>
internal ref struct NlriReader(IpFamily family, ReadOnlySpan<byte> prefixes)
{
    private ReadOnlySpan<byte> _rest = prefixes;

    /// <summary>True when every prefix is whole and no longer than its family's addresses (RFC 7606 §5.3).</summary>
    internal static bool IsWellFormed(IpFamily family, ReadOnlySpan<byte> prefixes)
    {
        var reader = new NlriReader(family, prefixes);
        while (reader.TryRead(out _))
        {
        }

        return reader._rest.IsEmpty;
    }

    /// <summary>The next prefix; false at the end, or where nothing readable is.</summary>
    internal bool TryRead(out PrefixKey prefix)
    {
        prefix = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        int length = _rest[0];
        var bytes = (length + 7) / 8;
        if (length > (family == IpFamily.V4 ? 32 : 128) || _rest.Length < 1 + bytes)
        {
            return false;
        }

        prefix = PrefixKey.Read(_rest.Slice(1, bytes), length);
        _rest = _rest[(1 + bytes)..];
        return true;
    }
}
