using System.Text.Json;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>A range that addresses are taken from.</summary>
/// <param name="Subnet">The subnet.</param>
/// <param name="First">First address to be given out; null for the subnet's first.</param>
/// <param name="Last">Last address to be given out; null for the subnet's last.</param>
/// <param name="Gateway">The subnet's gateway; null where none is stated.</param>
/// <remarks>CNI conventions, capability <c>ipRanges</c>; also an entry of <c>ipam.ranges</c> of the reference plugin host-local.</remarks>
public sealed record AddressRange(IpPrefix Subnet, IpAddress? First = null, IpAddress? Last = null, IpAddress? Gateway = null)
{
    /// <summary>Reads a list of lists of ranges: one address is taken from each of the outer list's sets.</summary>
    internal static ValueList<ValueList<AddressRange>> ReadSets(JsonElement item, string path, string name)
    {
        if (!JsonMembers.TryFind(item, name, out var sets))
        {
            return default;
        }

        path = $"{path}.{name}";
        if (sets.ValueKind != JsonValueKind.Array)
        {
            throw JsonMembers.Invalid(path, "a list of lists of ranges");
        }

        return sets.EnumerateArray().Select((set, index) => ReadSet(set, $"{path}[{index}]")).ToValueList();
    }

    /// <summary>Reads one range.</summary>
    internal static AddressRange Read(JsonElement item, string path)
    {
        if (!IpPrefix.TryParse(JsonMembers.ReadString(item, path, "subnet"), out var subnet))
        {
            throw JsonMembers.Invalid($"{path}.subnet", "a prefix such as 10.1.2.0/24");
        }

        var first = ReadAddress(item, path, "rangeStart", subnet);
        var last = ReadAddress(item, path, "rangeEnd", subnet);
        if (first > last)
        {
            throw JsonMembers.Invalid($"{path}.rangeEnd", "an address that is not before rangeStart");
        }

        return new AddressRange(subnet, first, last, ReadAddress(item, path, "gateway", subnet));
    }

    private static ValueList<AddressRange> ReadSet(JsonElement set, string path)
    {
        if (set.ValueKind != JsonValueKind.Array || set.GetArrayLength() == 0 || set.EnumerateArray().Any(static range => range.ValueKind != JsonValueKind.Object))
        {
            throw JsonMembers.Invalid(path, "a list of ranges");
        }

        var ranges = set.EnumerateArray().Select((range, index) => Read(range, $"{path}[{index}]")).ToValueList();
        return ranges.All(range => range.Subnet.Family == ranges[0].Subnet.Family) ? ranges : throw JsonMembers.Invalid(path, "ranges of one family");
    }

    private static IpAddress? ReadAddress(JsonElement item, string path, string name, IpPrefix subnet)
    {
        var text = JsonMembers.ReadString(item, path, name);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return IpAddress.TryParse(text, out var address) && subnet.Contains(address)
            ? address
            : throw JsonMembers.Invalid($"{path}.{name}", $"an address of {subnet}");
    }
}
