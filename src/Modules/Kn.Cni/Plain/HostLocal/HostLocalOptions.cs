using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain.HostLocal;

/// <summary>The <c>ipam</c> member of a network configuration, type host-local, with the keys of the reference plugin of that name.</summary>
public sealed record HostLocalOptions
{
    /// <summary>The type in the configuration.</summary>
    public const string Type = "host-local";

    private const string Member = "ipam";

    /// <summary>One address is taken from each.</summary>
    public ValueList<RangeSet> RangeSets { get; init; }

    /// <summary>routes: routes inside the container; null when the key is absent. Those without a gateway go by the network's.</summary>
    public ValueList<CniRoute>? Routes { get; init; }

    /// <summary>dataDir: where reservations are kept, a directory a network.</summary>
    public string DataDirectory { get; init; } = ReservationStore.DefaultDirectory;

    /// <summary>resolvConf: the file that the result's resolver settings come from; empty when not given.</summary>
    public string ResolvConf { get; init; } = "";

    /// <summary>Whether a network configuration asks for this.</summary>
    /// <exception cref="CniException">Code 2: it asks for another IPAM plugin, which Kn cannot run.</exception>
    internal static bool IsAskedFor(JsonElement config)
    {
        if (!JsonMembers.TryFindObject(config, "", Member, out var ipam) || !JsonMembers.TryFind(ipam, "type", out _))
        {
            return false;
        }

        var type = JsonMembers.ReadString(ipam, Member, "type");
        return type switch
        {
            Type => true,
            null or "" => false,
            _ => throw new CniException(
                CniErrorCode.UnsupportedField,
                $"ipam.type: '{type}' is not supported",
                "Kn runs no other plugins: use host-local, or leave ipam out to take addresses from the node's podCIDRs"),
        };
    }

    /// <summary>Reads the member.</summary>
    /// <param name="config">The network configuration.</param>
    /// <param name="runtime">ipRanges of the runtime come before those of the configuration.</param>
    /// <exception cref="CniException">Code 7: what is wrong.</exception>
    internal static HostLocalOptions Read(JsonElement config, RuntimeConfig runtime)
    {
        var ipam = config.GetProperty(Member);
        var stated = new List<(ValueList<AddressRange> Ranges, string Path)>();
        stated.AddRange(runtime.IpRanges.Select(static (set, index) => (set, $"runtimeConfig.ipRanges[{index}]")));
        if (JsonMembers.TryFind(ipam, "subnet", out _))
        {
            stated.Add(([AddressRange.Read(ipam, Member)], Member));
        }

        stated.AddRange(AddressRange.ReadSets(ipam, Member, "ranges").Select(static (set, index) => (set, $"{Member}.ranges[{index}]")));
        var sets = stated.Select(static set => new RangeSet(set.Ranges, set.Path)).ToValueList();
        RequireDisjoint(sets);
        return new HostLocalOptions
        {
            RangeSets = sets,
            Routes = ReadRoutes(ipam),
            DataDirectory = ReadDirectory(ipam),
            ResolvConf = JsonMembers.ReadString(ipam, Member, "resolvConf") ?? "",
        };
    }

    /// <summary>Reads only where the reservations are.</summary>
    internal static HostLocalOptions ReadPlace(JsonElement config) => new() { DataDirectory = ReadDirectory(config.GetProperty(Member)) };

    private static void RequireDisjoint(ValueList<RangeSet> sets)
    {
        if (sets.IsEmpty)
        {
            throw JsonMembers.Invalid($"{Member}.subnet", "a prefix such as 10.10.0.0/16, or ipam.ranges");
        }

        for (var left = 0; left < sets.Count; left++)
        {
            for (var right = left + 1; right < sets.Count; right++)
            {
                if (sets[left].Overlaps(sets[right]))
                {
                    throw JsonMembers.Invalid($"{Member}.ranges", $"sets that do not overlap, as {sets[left]} and {sets[right]} do");
                }
            }
        }
    }

    private static ValueList<CniRoute>? ReadRoutes(JsonElement ipam) =>
        JsonMembers.TryFind(ipam, "routes", out _) ? JsonMembers.ReadList(ipam, Member, "routes", CniResultReader.ReadRoute) : null;

    private static string ReadDirectory(JsonElement ipam)
    {
        var text = JsonMembers.ReadString(ipam, Member, "dataDir");
        if (string.IsNullOrEmpty(text))
        {
            return ReservationStore.DefaultDirectory;
        }

        return Path.IsPathFullyQualified(text) ? text : throw JsonMembers.Invalid($"{Member}.dataDir", "an absolute path");
    }
}
