using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>What ADD made: the success object of the CNI specification, in its newest shape.</summary>
public sealed record CniResult
{
    /// <summary>Links made, those of earlier plugins of the chain first.</summary>
    public ValueList<CniInterface> Interfaces { get; init; }

    /// <summary>Addresses assigned.</summary>
    public ValueList<CniAddress> Addresses { get; init; }

    /// <summary>Routes made in the container.</summary>
    public ValueList<CniRoute> Routes { get; init; }

    /// <summary>DNS settings of earlier plugins or of the configuration; null when there are none.</summary>
    public CniDns? Dns { get; init; }

    /// <summary>This result followed by another one's parts; interface indexes of the other are moved accordingly.</summary>
    public CniResult Append(CniResult other)
    {
        var offset = Interfaces.Count;
        return this with
        {
            Interfaces = Interfaces.Concat(other.Interfaces).ToValueList(),
            Addresses = Addresses.Concat(other.Addresses.Select(address => address with { Interface = address.Interface + offset })).ToValueList(),
            Routes = Routes.Concat(other.Routes).ToValueList(),
            Dns = other.Dns ?? Dns,
        };
    }
}

/// <summary>A link; <paramref name="Sandbox"/> is the namespace's path, empty for a link on the node.</summary>
public sealed record CniInterface(string Name, string Mac = "", uint? Mtu = null, string Sandbox = "", string SocketPath = "", string PciId = "");

/// <summary>An address with the length of its subnet.</summary>
/// <param name="Address">The address, host bits included.</param>
/// <param name="PrefixLength">Bits of the mask.</param>
/// <param name="Gateway">The subnet's gateway, if any.</param>
/// <param name="Interface">Index into <see cref="CniResult.Interfaces"/>.</param>
public sealed record CniAddress(IpAddress Address, byte PrefixLength, IpAddress? Gateway = null, int? Interface = null);

/// <summary>A route in the container.</summary>
public sealed record CniRoute(IpPrefix Destination, IpAddress? Gateway = null)
{
    /// <summary>Path MTU.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Advertised MSS.</summary>
    public uint? AdvertisedMss { get; init; }

    /// <summary>Metric.</summary>
    public uint? Priority { get; init; }

    /// <summary>Route table.</summary>
    public uint? Table { get; init; }

    /// <summary>Scope, as rtm_scope.</summary>
    public uint? Scope { get; init; }
}

/// <summary>Resolver settings.</summary>
public sealed record CniDns
{
    /// <summary>Addresses of name servers.</summary>
    public ValueList<string> Nameservers { get; init; }

    /// <summary>The local domain; empty when not given.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Search list.</summary>
    public ValueList<string> Search { get; init; }

    /// <summary>Resolver options.</summary>
    public ValueList<string> Options { get; init; }
}
