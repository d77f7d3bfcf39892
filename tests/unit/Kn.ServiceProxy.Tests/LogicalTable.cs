using System.Text;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy.Tests;

/// <summary>What a table does, as text without list numbers and slot order: two tables that treat all packets alike are the same text.</summary>
internal static class LogicalTable
{
    public static string Of(ProxyTableContent? content)
    {
        if (content is null)
        {
            return "no table\n";
        }

        var all = content.Elements.ToDictionary(static element => element.Identity);
        var text = new StringBuilder(content.Layout).Append('\n');
        foreach (var line in content.Elements.Select(element => Describe(content, all, element)).OfType<string>().Order(StringComparer.Ordinal))
        {
            text.Append(line).Append('\n');
        }

        return text.ToString();
    }

    private static string? Describe(ProxyTableContent content, Dictionary<ElementIdentity, ProxyElement> all, ProxyElement element)
    {
        var (set, entry) = element;
        var family = set.Family() ?? IpFamily.V4;
        return set switch
        {
            ProxySet.Services4 or ProxySet.Services6 => $"{Vip(entry.Key, family)} : {Value(content, all, entry.Data.ToUInt32())}",
            ProxySet.Inner4 or ProxySet.Inner6 => $"{Vip(entry.Key, family)} : inner {Value(content, all, entry.Data.ToUInt32())}",
            ProxySet.Outside4 or ProxySet.Outside6 => $"{Vip(entry.Key, family)} : outside {Value(content, all, entry.Data.ToUInt32())}",
            ProxySet.External4 or ProxySet.External6 => $"{Vip(entry.Key, family)} : masqueraded",
            ProxySet.Ranges4 or ProxySet.Ranges6 => Range(entry, family),
            ProxySet.ClusterIps4 or ProxySet.ClusterIps6 => $"cluster-ip {IpAddress.FromBytes(entry.Key.Bytes)}",
            ProxySet.Hairpin4 or ProxySet.Hairpin6 => $"hairpin {IpAddress.FromBytes(entry.Key.Bytes[..(entry.Key.Length / 2)])}",
            ProxySet.Inside4 or ProxySet.Inside6 => $"inside {Prefix(entry, family)}",
            ProxySet.Elsewhere4 or ProxySet.Elsewhere6 => $"elsewhere {Prefix(entry, family)}",
            ProxySet.Foreign4 or ProxySet.Foreign6 => $"foreign {IpAddress.FromBytes(entry.Key.Bytes)}",
            ProxySet.ServiceCidrs4 or ProxySet.ServiceCidrs6 => $"service-cidr {Prefix(entry, family)}",
            _ => null,
        };
    }

    private static string Value(ProxyTableContent content, Dictionary<ElementIdentity, ProxyElement> all, uint value)
    {
        if (value < ProxyElement.FirstList)
        {
            return $"kind {value}";
        }

        var balanceClass = all[new ElementIdentity(ProxySet.Lists, NftValue.Of(value))].Element.Data.ToUInt32();
        if (BalanceClass.IsEmpty(balanceClass))
        {
            return BalanceClass.IsDrop(balanceClass) ? "drop" : "refuse";
        }

        var known = content.Classes[balanceClass];
        var endpoints = Enumerable.Range(0, known.Length).Select(slot => Endpoint(all, known, value, slot)).Order().CountBy(static endpoint => endpoint).Select(static pair => pair.Value == 1 ? $"{pair.Key}" : $"{pair.Key}*{pair.Value}");
        return $"{(known.Lane == 0 ? known : known with { Lane = 0 }).ChainName} {string.Join(' ', endpoints)}";
    }

    private static EndpointAddress Endpoint(Dictionary<ElementIdentity, ProxyElement> all, BalanceClass known, uint list, int slot)
    {
        var key = NftValue.Concat(NftValue.Of(list), NftValue.Of((uint)slot));
        var data = known.AffinitySeconds == 0
            ? all[new ElementIdentity(ProxySet.Endpoints4.In(known.Family), key)].Element.Data
            : all[new ElementIdentity(ProxySet.Backends4.In(known.Family), all[new ElementIdentity(ProxySet.Choices, key)].Element.Data)].Element.Data;
        Assert.True(ElementReader.TryReadEndpoint(data, known.Family, out var endpoint));
        return endpoint;
    }

    private static string Vip(NftValue key, IpFamily family)
    {
        Assert.True(ElementReader.TryReadVip(key, family, out var vip));
        return vip.ToString();
    }

    private static string Range(NftElement element, IpFamily family)
    {
        Assert.True(ElementReader.TryReadRange(element, family, out var vip, out var clients));
        return $"{vip} : permits {clients}";
    }

    private static string Prefix(NftElement element, IpFamily family)
    {
        Assert.True(ElementReader.TryReadPrefix(element, family, out var prefix));
        return prefix.ToString();
    }
}
