using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Decides which endpoints a headless Service's names lead to. Pure.</summary>
internal static class HeadlessPlan
{
    /// <summary>The Service's names; null while no endpoint is ready: then the name does not exist (specification §2.4.1).</summary>
    public static HeadlessPiece? Of(Service service, ValueList<EndpointSlice> slices, ValueList<byte> labels)
    {
        var endpoints = new List<EndpointRecord>();
        var portSets = new List<ValueList<PortRecord>>();
        foreach (var slice in slices)
        {
            if (slice.Family is null)
            {
                continue;
            }

            var portSet = -1;
            foreach (var endpoint in slice.Endpoints)
            {
                // An endpoint that terminates is not ready, whatever it still serves.
                if (endpoint.Ready || service.PublishNotReadyAddresses)
                {
                    portSet = portSet < 0 ? Number(portSets, slice.Ports) : portSet;
                    endpoints.Add(new EndpointRecord(endpoint.Address, NameOf(endpoint), (ushort)portSet, IsRepeated: false));
                }
            }
        }

        var arranged = Arrange(endpoints);
        return arranged.IsEmpty ? null : new HeadlessPiece
        {
            Labels = labels,
            Endpoints = arranged,
            V4Count = arranged.Count(static endpoint => endpoint.Address.Family == IpFamily.V4),
            PortSets = portSets.ToValueList(),
        };
    }

    /// <summary>In order, each once, and marked where another says the same already.</summary>
    private static ValueList<EndpointRecord> Arrange(List<EndpointRecord> endpoints)
    {
        endpoints.Sort(static (left, right) =>
        {
            var order = left.Address.CompareTo(right.Address);
            order = order != 0 ? order : string.CompareOrdinal(left.Hostname, right.Hostname);
            return order != 0 ? order : left.PortSet.CompareTo(right.PortSet);
        });
        var named = new HashSet<(string, ushort)>();
        var arranged = new List<EndpointRecord>(endpoints.Count);
        foreach (var endpoint in endpoints)
        {
            // A slice that is about to be merged into another holds its endpoints twice.
            if (arranged.Count > 0 && arranged[^1] with { IsRepeated = false } == endpoint)
            {
                continue;
            }

            arranged.Add(endpoint with { IsRepeated = endpoint.Hostname is { } name && !named.Add((name, endpoint.PortSet)) });
        }

        return arranged.ToValueList();
    }

    /// <summary>A port without a number stands for all of them, of which SRV has no way to tell.</summary>
    private static int Number(List<ValueList<PortRecord>> portSets, ValueList<EndpointPort> ports)
    {
        var set = ports.Where(static port => port.Port is not null)
            .Select(static port => new PortRecord(port.Name, port.Protocol, port.Port ?? 0)).ToValueList();
        var known = portSets.IndexOf(set);
        if (known >= 0 || portSets.Count == ushort.MaxValue)
        {
            return Math.Max(known, 0);
        }

        portSets.Add(set);
        return portSets.Count - 1;
    }

    private static string? NameOf(Endpoint endpoint) => endpoint.Hostname is { Length: > 0 and <= Wire.DnsName.MaxLabel } name && System.Text.Ascii.IsValid(name) ? name : null;
}
