using Kn.Primitives;

namespace Kn.Linux.Routes.Messages;

/// <summary>A prefix whose length comes from a header byte and so may be anything.</summary>
internal static class RtnetlinkPrefix
{
    internal static IpPrefix Of(IpAddress address, byte length) => length <= address.BitCount
        ? new IpPrefix(address, length)
        : throw new WireFormatException($"prefix {address}/{length}: the length does not fit the family");
}
