using System.Text.Json;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary><c>args.cni</c> of a network configuration: what a runtime's user may ask every plugin for.</summary>
/// <remarks>CNI CONVENTIONS.md, "args in network config". Members that are not known are ignored, as there.</remarks>
public sealed record ConfigArguments
{
    /// <summary>Nothing is asked for.</summary>
    public static ConfigArguments None { get; } = new();

    /// <summary>ips: addresses asked for.</summary>
    public ValueList<IpAddress> Ips { get; init; }

    /// <summary>mac: the hardware address asked for.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Reads the member of a network configuration.</summary>
    internal static ConfigArguments Read(JsonElement config)
    {
        const string path = "args.cni";
        return JsonMembers.TryFindObject(config, "", "args", out var arguments) && JsonMembers.TryFindObject(arguments, "args", "cni", out var item)
            ? new ConfigArguments { Ips = RuntimeConfig.ReadIps(item, path), Mac = RuntimeConfig.ReadMac(item, path) }
            : None;
    }
}
