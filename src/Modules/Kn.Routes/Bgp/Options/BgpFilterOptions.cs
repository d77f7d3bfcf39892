using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Options;

/// <summary>A rule of <c>import</c> or <c>export</c>.</summary>
public sealed record BgpFilterOptions
{
    /// <summary>The prefix, itself alone unless <see cref="Ge"/> or <see cref="Le"/> say otherwise. Default every prefix.</summary>
    public IpPrefix? Prefix { get; init; }

    /// <summary>Also prefixes inside it, with a mask that is at least so long.</summary>
    public byte? Ge { get; init; }

    /// <summary>Also prefixes inside it, with a mask that is at most so long.</summary>
    public byte? Le { get; init; }

    /// <summary>Leave it out. Default false: it is taken, or told.</summary>
    public bool Reject { get; init; }

    /// <summary>Communities to add.</summary>
    public ValueList<string> Communities { get; init; }

    /// <summary>LOCAL_PREF to set.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>MED to set.</summary>
    public uint? Med { get; init; }

    /// <summary>How often the own AS is put in front.</summary>
    public byte Prepend { get; init; }

    internal static void Validate(OptionErrors errors, ValueList<BgpFilterOptions> filters, string property)
    {
        for (var index = 0; index < filters.Count; index++)
        {
            filters[index].Validate(errors, $"{property}[{index}].");
        }
    }

    private void Validate(OptionErrors errors, string prefix)
    {
        var (shortest, longest) = Prefix is { } range ? (range.Length, range.Address.BitCount) : ((byte)0, 128);
        errors.Require(Ge is null || (Ge >= shortest && Ge <= longest), prefix + nameof(Ge), $"must be from {shortest} to {longest}, as the prefix is");
        errors.Require(Le is null || (Le >= (Ge ?? shortest) && Le <= longest), prefix + nameof(Le), $"must be from {Ge ?? shortest} to {longest}");
        errors.Require(Prefix is not null || (Ge is null && Le is null), prefix + nameof(Prefix), "must be there for ge and le to be inside of");
        errors.Require(Prepend <= 16, prefix + nameof(Prepend), "must be at most 16");
        CommunityOptions.Validate(errors, Communities, prefix + nameof(Communities));
    }
}
