using Kn.Bgp.Attributes;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Options;

/// <summary>Communities as the config and annotations write them.</summary>
internal static class CommunityOptions
{
    public static void Validate(OptionErrors errors, ValueList<string> communities, string property)
    {
        for (var index = 0; index < communities.Count; index++)
        {
            errors.Require(
                IsCommunity(communities[index]),
                $"{property}[{index}]",
                $"'{communities[index]}' is no community such as 64512:100, 64512:1:2, no-export, no-advertise, graceful-shutdown or blackhole");
        }
    }

    public static bool IsCommunity(string text) => Community.TryParse(text, out _) || LargeCommunity.TryParse(text, out _);

    /// <summary>Those of four bytes; the others are passed over.</summary>
    public static ValueList<Community> Standard(IEnumerable<string> texts)
    {
        var communities = new List<Community>();
        foreach (var text in texts)
        {
            if (Community.TryParse(text, out var community))
            {
                communities.Add(community);
            }
        }

        return communities.ToValueList();
    }

    /// <summary>The large ones; the others are passed over.</summary>
    public static ValueList<LargeCommunity> Large(IEnumerable<string> texts)
    {
        var communities = new List<LargeCommunity>();
        foreach (var text in texts)
        {
            if (!Community.TryParse(text, out _) && LargeCommunity.TryParse(text, out var community))
            {
                communities.Add(community);
            }
        }

        return communities.ToValueList();
    }
}
