using System.Buffers;
using Kn.Bgp.Messages;
using Kn.Bgp.Ribs;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

/// <summary>Messages made by hand, byte for byte, so that tests of the reader do not lean on the writer.</summary>
internal static class Wire
{
    internal static readonly byte[] Origin = [0x40, 1, 1, 0];
    internal static readonly byte[] Path = [0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9]; // 65001
    internal static readonly byte[] NextHop = [0x40, 3, 4, 192, 0, 2, 1];
    internal static readonly byte[] LocalPref = [0x40, 5, 4, 0, 0, 0, 100];
    internal static readonly byte[] Ten = [8, 10];

    internal static UpdateContext External => new(IsExternal: true, 65001, FourOctetAs: true, V4: true, V6: true, ExtendedNextHop: false, EnforceFirstAs: true);

    internal static UpdateContext Internal => External with { IsExternal = false, PeerAs = 64512 };

    /// <summary>The body of an UPDATE.</summary>
    internal static byte[] Update(byte[] withdrawn, byte[][] attributes, byte[] announced)
    {
        var all = attributes.SelectMany(static attribute => attribute).ToArray();
        return [(byte)(withdrawn.Length >> 8), (byte)withdrawn.Length, .. withdrawn, (byte)(all.Length >> 8), (byte)all.Length, .. all, .. announced];
    }

    internal static byte[] Announce(params byte[][] attributes) => Update([], attributes, Ten);

    /// <summary>What is wrong, or 'accept'; prefixes are added to find out that they can be withdrawn.</summary>
    internal static string Judge(byte[] body, UpdateContext context)
    {
        var update = UpdateReader.Read(body, context);
        return update.Error is null ? $"{update.Handling}" : $"{update.Handling} {(byte)update.Error.Code}/{update.Error.Subcode}";
    }

    internal static string[] Prefixes(IpFamily family, ReadOnlySpan<byte> nlri)
    {
        var found = new List<string>();
        var reader = new NlriReader(family, nlri);
        while (reader.TryRead(out var key))
        {
            found.Add(key.ToPrefix(family).ToString());
        }

        return [.. found];
    }

    internal static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Splits what was written into messages, checking each header.</summary>
    internal static List<(BgpMessageType Type, byte[] Body)> Split(ReadOnlySpan<byte> written, int maxLength = MessageHeader.MaxLength)
    {
        var messages = new List<(BgpMessageType, byte[])>();
        while (!written.IsEmpty)
        {
            Assert.True(MessageHeader.TryRead(written, maxLength, out var type, out var length, out var error), $"{error}");
            messages.Add((type, written[MessageHeader.Size..length].ToArray()));
            written = written[length..];
        }

        return messages;
    }

    internal static PrefixKey Key(string prefix) => PrefixKey.Of(IpPrefix.Parse(prefix));

    internal static List<(BgpMessageType Type, byte[] Body)> Written(Action<IBufferWriter<byte>> write, int maxLength = MessageHeader.MaxLength)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Split(output.WrittenSpan, maxLength);
    }
}
