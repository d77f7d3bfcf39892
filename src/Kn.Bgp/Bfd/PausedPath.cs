using System.Globalization;
using Kn.Primitives;

namespace Kn.Bgp.Bfd;

/// <summary>A path whose watch was paused by one process, so that the next one can go on with it: to the neighbour it is one session.</summary>
public sealed record PausedPath
{
    internal PausedPath(IpAddress address, IpAddress localAddress, uint mine, BfdPacket heard)
    {
        Address = address;
        LocalAddress = localAddress;
        Mine = mine;
        Heard = heard;
    }

    /// <summary>The neighbour.</summary>
    public IpAddress Address { get; }

    /// <summary>Our end.</summary>
    public IpAddress LocalAddress { get; }

    /// <summary>Our discriminator.</summary>
    internal uint Mine { get; }

    /// <summary>The neighbour's last packet: its discriminator, and what it wants and can.</summary>
    internal BfdPacket Heard { get; }

    /// <summary>Reads what <see cref="ToString"/> writes; null for anything else.</summary>
    public static PausedPath? Parse(string text)
    {
        var words = text.Split(' ');
        Span<byte> bytes = stackalloc byte[BfdPacket.Size];
        return words.Length == 4
            && IpAddress.TryParse(words[0], out var address)
            && IpAddress.TryParse(words[1], out var local)
            && uint.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var mine)
            && words[3].Length == BfdPacket.Size * 2
            && Convert.FromHexString(words[3], bytes, out _, out _) == System.Buffers.OperationStatus.Done
            && BfdPacket.TryRead(bytes, out var heard)
                ? new PausedPath(address, local, mine, heard)
                : null;
    }

    /// <summary>One line: both addresses, our discriminator, the neighbour's last packet in hexadecimal.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[BfdPacket.Size];
        Heard.Write(bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{Address} {LocalAddress} {Mine} {Convert.ToHexString(bytes)}");
    }
}
