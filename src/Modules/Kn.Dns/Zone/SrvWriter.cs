using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Zone;

/// <summary>Writes SRV records and the addresses of their targets. Allocates nothing.</summary>
/// <remarks>RFC 2782: priority, weight, port, target. Kubernetes' specification §2.3.2 and §2.4.2: clients choose among targets of one
/// priority by weight, so all endpoints have the same.</remarks>
internal readonly ref struct SrvWriter(ZoneSettings settings, ZoneWriter zone)
{
    private const int BeforeTarget = 6;
    private const int WholeWeight = 100;

    /// <summary>Writes the records of one named port, or of all ports when the name is the Service's own.</summary>
    public bool TryWrite(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, scoped Finding finding, ref uint random) =>
        finding.Piece is HeadlessPiece headless
            ? TryWriteHeadless(ref writer, owner, finding, headless, ref random)
            : finding.Piece is not ServicePiece service || TryWriteService(ref writer, owner, finding, service);

    private bool TryWriteService(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, scoped Finding finding, ServicePiece service)
    {
        Span<byte> target = stackalloc byte[DnsName.MaxLength];
        target = target[..zone.ServiceName(service, target)];
        foreach (ref readonly var port in service.Ports.AsSpan())
        {
            if (ZoneFinder.IsAsked(port, finding) && !TryWriteRecord(ref writer, owner, WholeWeight, port.Number, target))
            {
                return false;
            }
        }

        _ = zone.TryWriteAddresses(ref writer, DnsSection.Additional, target, DnsType.A, service.Addresses.AsSpan())
            && zone.TryWriteAddresses(ref writer, DnsSection.Additional, target, DnsType.Aaaa, service.Addresses.AsSpan());
        return true;
    }

    private bool TryWriteHeadless(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, scoped Finding finding, HeadlessPiece headless, ref uint random)
    {
        var endpoints = headless.Endpoints.AsSpan();
        var weight = Math.Max(1, WholeWeight / Math.Max(1, Count(headless, finding)));
        var first = (int)(ZoneWriter.Next(ref random) % (uint)endpoints.Length);
        Span<byte> target = stackalloc byte[DnsName.MaxLength + DnsName.MaxLabel + 1];
        for (var written = 0; written < endpoints.Length; written++)
        {
            ref readonly var endpoint = ref endpoints[(first + written) % endpoints.Length];
            var length = endpoint.IsRepeated ? 0 : zone.EndpointName(endpoint, headless, target);
            foreach (ref readonly var port in headless.PortSets[endpoint.PortSet].AsSpan())
            {
                if (length > 0 && ZoneFinder.IsAsked(port, finding) && !TryWriteRecord(ref writer, owner, weight, port.Number, target[..length]))
                {
                    return false;
                }
            }
        }

        WriteTargets(ref writer, finding, headless, first);
        return true;
    }

    /// <summary>The targets' addresses, as far as there is room.</summary>
    private void WriteTargets(ref ResponseWriter writer, scoped Finding finding, HeadlessPiece headless, int first)
    {
        var endpoints = headless.Endpoints.AsSpan();
        Span<byte> target = stackalloc byte[DnsName.MaxLength + DnsName.MaxLabel + 1];
        for (var written = 0; written < endpoints.Length; written++)
        {
            var index = (first + written) % endpoints.Length;
            ref readonly var endpoint = ref endpoints[index];
            var isAgain = index > 0 && endpoints[index - 1].Address == endpoint.Address && endpoints[index - 1].Hostname == endpoint.Hostname;
            var length = isAgain || !HasAsked(headless, endpoint, finding) ? 0 : zone.EndpointName(endpoint, headless, target);
            if (length > 0 && !zone.TryWriteAddresses(ref writer, DnsSection.Additional, target[..length], ZoneWriter.TypeOf(endpoint.Address), [endpoint.Address]))
            {
                return;
            }
        }
    }

    private static int Count(HeadlessPiece headless, scoped Finding finding)
    {
        var count = 0;
        foreach (ref readonly var endpoint in headless.Endpoints.AsSpan())
        {
            count += !endpoint.IsRepeated && HasAsked(headless, endpoint, finding) ? 1 : 0;
        }

        return count;
    }

    private static bool HasAsked(HeadlessPiece headless, in EndpointRecord endpoint, scoped Finding finding)
    {
        foreach (ref readonly var port in headless.PortSets[endpoint.PortSet].AsSpan())
        {
            if (ZoneFinder.IsAsked(port, finding))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryWriteRecord(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, int weight, ushort port, scoped ReadOnlySpan<byte> target)
    {
        Span<byte> before = stackalloc byte[BeforeTarget];
        BinaryPrimitives.WriteUInt16BigEndian(before, 0);
        BinaryPrimitives.WriteUInt16BigEndian(before[2..], (ushort)weight);
        BinaryPrimitives.WriteUInt16BigEndian(before[4..], port);
        return writer.TryWritePlainName(DnsSection.Answer, owner, DnsType.Srv, settings.Ttl, before, target);
    }
}
