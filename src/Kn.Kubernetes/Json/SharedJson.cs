using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>Shapes that several kinds share.</summary>
internal static class SharedJson
{
    /// <summary>An array; null elements are what <paramref name="read"/> makes of them.</summary>
    public static ValueList<T> List<T>(ref ObjectReader reader, ReadItem<T> read)
    {
        if (!reader.BeginArray())
        {
            return default;
        }

        var items = new List<T>();
        while (reader.NextElement())
        {
            items.Add(read(ref reader));
        }

        return items.ToValueList();
    }

    /// <summary>An array of IP addresses.</summary>
    public static ValueList<IpAddress> Addresses(ref ObjectReader reader) =>
        List(ref reader, static (ref ObjectReader item) => item.Address() ?? throw item.Fail("an IP address"));

    /// <summary>An array of CIDRs.</summary>
    public static ValueList<IpPrefix> Prefixes(ref ObjectReader reader) =>
        List(ref reader, static (ref ObjectReader item) => item.Prefix() ?? throw item.Fail("a CIDR"));

    /// <summary>An array of objects of which one property, a string, matters; such as hints.forZones.</summary>
    public static ValueList<string> Names(ref ObjectReader reader, ReadOnlySpan<byte> property)
    {
        if (!reader.BeginArray())
        {
            return default;
        }

        var names = new List<string>();
        while (reader.NextElement())
        {
            if (StringOf(ref reader, property) is { } name)
            {
                names.Add(name);
            }
        }

        return names.ToValueList();
    }

    /// <summary>TCP, UDP or SCTP; TCP where absent.</summary>
    public static IpProtocol Protocol(ref ObjectReader reader) => reader.Name() switch
    {
        null or "TCP" or "" => IpProtocol.Tcp,
        "UDP" => IpProtocol.Udp,
        "SCTP" => IpProtocol.Sctp,
        _ => throw reader.Fail("TCP, UDP or SCTP"),
    };

    /// <summary>status.conditions: whether the condition Ready is "True".</summary>
    public static bool IsReady(ref ObjectReader reader)
    {
        var ready = false;
        if (reader.BeginArray())
        {
            while (reader.NextElement())
            {
                ready |= IsReadyCondition(ref reader);
            }
        }

        return ready;
    }

    private static bool IsReadyCondition(ref ObjectReader reader)
    {
        var isReady = false;
        var isTrue = false;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("type"u8))
            {
                isReady = reader.TextEquals("Ready"u8);
            }
            else if (reader.Is("status"u8))
            {
                isTrue = reader.TextEquals("True"u8);
            }
        }

        return isReady && isTrue;
    }

    private static string? StringOf(ref ObjectReader reader, ReadOnlySpan<byte> property)
    {
        string? value = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is(property))
            {
                value = reader.Name();
            }
        }

        return value;
    }
}
