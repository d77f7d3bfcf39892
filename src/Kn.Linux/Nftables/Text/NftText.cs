using System.Globalization;
using System.Text;

namespace Kn.Linux.Nftables.Text;

/// <summary>Prints a table as <c>nft list table</c> (1.0.6) does, for people and for expected files.</summary>
/// <remarks>The order is the model's; elements stand one a line. What nft has no word for (or Kn not) stands as
/// <c>nft --debug=netlink</c> prints it, in brackets.</remarks>
public static class NftText
{
    /// <summary>The whole table, with a line break at the end.</summary>
    public static string Of(NftTable table)
    {
        var text = new StringBuilder($"table {table.Id} {{\n");
        if (table.Comment is { } comment)
        {
            text.Append($"\tcomment \"{comment}\"\n");
        }

        var blocks = table.Sets.Select(Of).Concat(table.Chains.Select(chain => Of(table, chain)));
        return text.AppendJoin('\n', blocks).Append("}\n").ToString();
    }

    private static string Of(NftSet set)
    {
        var map = set as NftMap;
        var word = set.Key.HasTypeof ? "typeof" : "type";
        var text = new StringBuilder($"\t{(map is null ? "set" : "map")} {set.Name} {{\n\t\t{word} {set.Key}");
        text.Append(map is null ? "\n" : $" : {map.Data?.ToString() ?? "verdict"}\n");
        Line(set.MaxElements != 0, $"size {set.MaxElements}");
        Line(set.Flags != NftSetFlags.None, $"flags {NftValueText.Flags(set.Flags)}");
        Line(set.Timeout > TimeSpan.Zero, $"timeout {NftValueText.Time(set.Timeout)}");
        Line(set.Comment is not null, $"comment \"{set.Comment}\"");
        if (!set.Elements.IsEmpty)
        {
            text.Append("\t\telements = { ").AppendJoin(",\n\t\t\t     ", set.Elements.Select(element => Of(set, map, element))).Append(" }\n");
        }

        return text.Append("\t}\n").ToString();

        void Line(bool isThere, string line) => text.Append(isThere ? $"\t\t{line}\n" : string.Empty);
    }

    private static string Of(NftSet set, NftMap? map, NftElement element)
    {
        var text = element.IsCatchAll ? "*" : NftValueText.Range(set.Key, element.Key, element.KeyEnd);
        text += element.Timeout > TimeSpan.Zero ? $" timeout {NftValueText.Time(element.Timeout)}" : string.Empty;
        text += element.Comment is null ? string.Empty : $" comment \"{element.Comment}\"";
        var data = element.Verdict?.ToString() ?? (map?.Data is { } fields ? NftValueText.Of(fields, element.Data) : null);
        return data is null ? text : $"{text} : {data}";
    }

    private static string Of(NftTable table, NftChain chain)
    {
        var text = new StringBuilder($"\tchain {chain.Name} {{\n");
        text.Append(chain.Comment is null ? string.Empty : $"\t\tcomment \"{chain.Comment}\"\n");
        if (chain.Hook is { } hook)
        {
            text.Append($"\t\ttype {NftNames.Of(hook.Type)} hook {NftNames.Of(hook.Point)} priority {PriorityOf(hook)}; policy {NftNames.Of(hook.Policy)};\n");
        }

        foreach (var rule in chain.Rules)
        {
            text.Append($"\t\t{new RuleText(table).Of(rule)}{(rule.Comment is null ? string.Empty : $" comment \"{rule.Comment}\"")}\n");
        }

        return text.Append("\t}\n").ToString();
    }

    private static string PriorityOf(NftHook hook) => (hook.Priority, hook.Point) switch
    {
        (NftPriority.Raw, _) => "raw",
        (NftPriority.Mangle, _) => "mangle",
        (NftPriority.DestinationNat, NftHookPoint.Prerouting) => "dstnat",
        (NftPriority.Filter, _) => "filter",
        (NftPriority.Security, _) => "security",
        (NftPriority.SourceNat, NftHookPoint.Postrouting) => "srcnat",
        var (number, _) => number.ToString(CultureInfo.InvariantCulture),
    };
}
