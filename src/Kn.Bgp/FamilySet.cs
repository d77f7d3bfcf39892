using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>Which of the two families.</summary>
[Flags]
public enum FamilySet
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>IPv4 unicast.</summary>
    V4 = 1,

    /// <summary>IPv6 unicast.</summary>
    V6 = 2,

    /// <summary>Both.</summary>
    Both = V4 | V6,
}

/// <summary>Sets of families, read.</summary>
internal static class FamilySetExtensions
{
    internal static readonly IpFamily[] All = [IpFamily.V4, IpFamily.V6];

    internal static bool Has(this FamilySet families, IpFamily family) => (families & Of(family)) != 0;

    internal static FamilySet Of(IpFamily family) => family == IpFamily.V4 ? FamilySet.V4 : FamilySet.V6;

    internal static FamilySet Of(IEnumerable<BgpFamily> families)
    {
        var set = FamilySet.None;
        foreach (var family in families)
        {
            set |= family.Known is { } known ? Of(known) : FamilySet.None;
        }

        return set;
    }

    internal static ValueList<BgpFamily> ToFamilies(this FamilySet families) =>
        All.Where(family => families.Has(family)).Select(BgpFamily.Unicast).ToValueList();
}
