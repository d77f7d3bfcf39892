using System.Text;
using System.Text.Json;
using Kn.Cni.Attaching;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;

namespace Kn.Cni.Plain;

/// <summary>Reads the configuration of a network without an agent.</summary>
internal static class PlainNetworkReader
{
    /// <summary>Keys of the reference plugin that change whom a container can reach: a configuration with one of them must not half work.</summary>
    private static readonly string[] Unsupported = ["vlan", "vlanTrunk", "macspoofchk", "portIsolation", "disableContainerInterface", "isolation"];

    /// <summary>Reads a configuration that asks for host-local.</summary>
    /// <param name="root">The configuration.</param>
    /// <param name="config">What was read of it already.</param>
    /// <param name="command">DEL and GC are told where things are, and must not fail for what else the configuration says.</param>
    /// <exception cref="CniException">Code 7 or 2: what is wrong.</exception>
    internal static PlainNetwork Read(JsonElement root, NetworkConfig config, CniCommand command)
    {
        if (command is CniCommand.Del or CniCommand.Gc)
        {
            var bridge = root.TryGetProperty("bridge", out var member) && member.ValueKind == JsonValueKind.String ? JsonText.Of(member, "bridge") : "";
            return new PlainNetwork
            {
                Name = config.Name,
                Bridge = bridge.Length > 0 ? bridge : PodLinkNames.PlainBridge(config.Name),
                Ipam = HostLocalOptions.ReadPlace(root),
            };
        }

        RefuseUnsupported(root);
        var named = JsonMembers.ReadString(root, "", "bridge") ?? "";
        var attachment = ReadAttachment(root, named.Length > 0);
        var network = new PlainNetwork
        {
            Name = config.Name,
            Attachment = attachment,
            Bridge = attachment == AttachmentMode.Routed ? "" : named.Length > 0 ? CheckName(named) : PodLinkNames.PlainBridge(config.Name),
            Mtu = config.Mtu,
            Ipam = HostLocalOptions.Read(root, config.RuntimeConfig),
        };
        RequireRoom(network, config.Version);
        return WithDefaults(root, network, asReference: named.Length > 0);
    }

    private static PlainNetwork WithDefaults(JsonElement root, PlainNetwork network, bool asReference)
    {
        var isDefaultGateway = Flag(root, "isDefaultGateway") ?? (!asReference && network.Ipam.Routes is null);
        var isGateway = Flag(root, "isGateway") ?? !asReference;
        return network with
        {
            IsDefaultGateway = isDefaultGateway,
            IsGateway = isDefaultGateway || isGateway,
            Masquerade = Flag(root, "ipMasq") ?? !asReference,
            Hairpin = (Flag(root, "hairpinMode") ?? !asReference) || Flag(root, "promiscMode") == true,
        };
    }

    /// <summary>A configuration with a key that only makes sense with a bridge means a bridge.</summary>
    private static AttachmentMode ReadAttachment(JsonElement root, bool namesBridge)
    {
        var isBridge = namesBridge || JsonMembers.TryFind(root, "isGateway", out _) || JsonMembers.TryFind(root, "isDefaultGateway", out _)
            || JsonMembers.TryFind(root, "hairpinMode", out _) || JsonMembers.TryFind(root, "promiscMode", out _);
        return JsonMembers.ReadString(root, "", "attachment") switch
        {
            null or "" => isBridge ? AttachmentMode.Bridge : AttachmentMode.Routed,
            "bridge" => AttachmentMode.Bridge,
            "routed" when namesBridge => throw new CniException(CniErrorCode.InvalidConfig, "bridge: a network with attachment 'routed' has none"),
            "routed" => AttachmentMode.Routed,
            _ => throw JsonMembers.Invalid("attachment", "routed or bridge"),
        };
    }

    private static void RefuseUnsupported(JsonElement root)
    {
        foreach (var name in Unsupported)
        {
            if (JsonMembers.TryFind(root, name, out var value) && !IsOff(value))
            {
                throw new CniException(CniErrorCode.UnsupportedField, $"{name}: not supported", "remove it, or use the reference plugin 'bridge' for this network");
            }
        }
    }

    private static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetInt64(out var number) && number == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.String => value.ValueEquals(""u8),
        _ => false,
    };

    /// <summary>Results before 0.3.0 hold one address of each family.</summary>
    private static void RequireRoom(PlainNetwork network, CniVersion version)
    {
        if (version < CniVersion.V030 && network.Ipam.RangeSets.GroupBy(static set => set.Family).Any(static family => family.Count() > 1))
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"ipam.ranges: CNI {version.ToText()} has no more than one address of a family", "state a cniVersion such as 1.0.0");
        }
    }

    private static bool? Flag(JsonElement root, string name)
    {
        if (!JsonMembers.TryFind(root, name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw JsonMembers.Invalid(name, "true or false");
    }

    private static string CheckName(string name) => CniNames.IsInterfaceName(name)
        ? name
        : throw JsonMembers.Invalid("bridge", $"a link's name, at most {CniNames.MaxInterfaceNameBytes} bytes; '{Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(name))}' is none");
}
