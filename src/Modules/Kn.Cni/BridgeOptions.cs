using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Hosting.Options;

namespace Kn.Cni;

/// <summary>The bridge of local pods, config section <c>cni.bridge</c>; used with <c>attachment: bridge</c>.</summary>
public sealed record BridgeOptions
{
    /// <summary>Name of the link. Default kn-bridge; kube-router's is kube-bridge.</summary>
    public string Name { get; init; } = NodeResources.PodBridge;

    /// <summary>Checks the section.</summary>
    internal void Validate(OptionErrors errors) =>
        errors.Require(CniNames.IsInterfaceName(Name), "Bridge.Name", $"must be a link's name of at most {CniNames.MaxInterfaceNameBytes} bytes");
}
