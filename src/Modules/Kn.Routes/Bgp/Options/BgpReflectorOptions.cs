using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Options;

/// <summary>Route reflectors in place of the full mesh (RFC 4456), config section <c>routes.bgp.routeReflector</c>.</summary>
public sealed record BgpReflectorOptions
{
    /// <summary>Nodes with this label, whatever its value but "false", are reflectors, and all others their clients. While no node has it, the mesh
    /// is full. The annotations rr.server and rr.client say it for single nodes.</summary>
    public string Label { get; init; } = "kn.internal/route-reflector";

    /// <summary>The reflectors' cluster (RFC 4456 §7): reflectors of one cluster take nothing from each other that a client told them. Default none:
    /// each is a cluster of its own, so that a client with two reflectors hears what either knows.</summary>
    public IpAddress? ClusterId { get; init; }

    internal void Validate(OptionErrors errors, string prefix)
    {
        errors.Require(Label.Length > 0, prefix + nameof(Label), "must be a label's name");
        errors.Require(ClusterId is null or { Family: IpFamily.V4, IsAny: false }, prefix + nameof(ClusterId), "must be an IPv4 address other than 0.0.0.0");
    }
}
