using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Chains in netlink.</summary>
/// <remarks>enum nft_chain_attributes and nft_hook_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
internal static class ChainCodec
{
    private const ushort NFTA_CHAIN_TABLE = 1;
    private const ushort NFTA_CHAIN_HANDLE = 2;
    private const ushort NFTA_CHAIN_NAME = 3;
    private const ushort NFTA_CHAIN_HOOK = 4;
    private const ushort NFTA_CHAIN_POLICY = 5;
    private const ushort NFTA_CHAIN_USE = 6;
    private const ushort NFTA_CHAIN_TYPE = 7;
    private const ushort NFTA_CHAIN_COUNTERS = 8;
    private const ushort NFTA_CHAIN_PAD = 9;
    private const ushort NFTA_CHAIN_FLAGS = 10;
    private const ushort NFTA_CHAIN_USERDATA = 12;
    private const ushort NFTA_HOOK_HOOKNUM = 1;
    private const ushort NFTA_HOOK_PRIORITY = 2;
    private const ushort NFTA_HOOK_DEV = 3;
    private const ushort NFTA_HOOK_DEVS = 4;
    private const ushort NFTA_DEVICE_NAME = 1;
    private const uint NFT_CHAIN_BASE = 1;
    private const uint NF_NETDEV_EGRESS = 1;

    internal static void Write(ref NetlinkWriter writer, NftTableId table, NftChain chain, bool withContent)
    {
        writer.PutString(NFTA_CHAIN_TABLE, table.Name);
        writer.PutString(NFTA_CHAIN_NAME, chain.Name);
        if (!withContent)
        {
            return;
        }

        if (chain.Hook is { } hook)
        {
            WriteHook(ref writer, table.Family, hook);
            writer.PutUInt32BigEndian(NFTA_CHAIN_POLICY, (uint)hook.Policy);
            writer.PutString(NFTA_CHAIN_TYPE, NftNames.Of(hook.Type));
        }

        UserDataCodec.PutComment(ref writer, NFTA_CHAIN_USERDATA, chain.Comment);
    }

    /// <summary>A chain and the name of its table.</summary>
    internal static (NftTableId Table, NftChain Chain) Read(in NetlinkMessage message)
    {
        var state = new ReadState((NftFamily)message.FixedHeader(NftMessages.GenericHeaderBytes)[0]);
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            state.Take(reader);
        }

        return (new NftTableId(state.Family, state.Table), state.Finish());
    }

    private static void WriteHook(ref NetlinkWriter writer, NftFamily family, NftHook hook)
    {
        var nest = writer.BeginNest(NFTA_CHAIN_HOOK);
        writer.PutUInt32BigEndian(NFTA_HOOK_HOOKNUM, NumberOf(family, hook.Point));
        writer.PutUInt32BigEndian(NFTA_HOOK_PRIORITY, unchecked((uint)hook.Priority));
        if (hook.Devices.Count == 1)
        {
            writer.PutString(NFTA_HOOK_DEV, hook.Devices[0]);
        }
        else if (hook.Devices.Count > 1)
        {
            var devices = writer.BeginNest(NFTA_HOOK_DEVS);
            foreach (var device in hook.Devices)
            {
                writer.PutString(NFTA_DEVICE_NAME, device);
            }

            writer.EndNest(devices);
        }

        writer.EndNest(nest);
    }

    private static uint NumberOf(NftFamily family, NftHookPoint point) => (family, point) switch
    {
        (NftFamily.Netdev, NftHookPoint.Ingress) => 0,
        (NftFamily.Netdev, NftHookPoint.Egress) => NF_NETDEV_EGRESS,
        _ => (uint)point,
    };

    private static NftHookPoint PointOf(NftFamily family, uint number) => family == NftFamily.Netdev
        ? (number == NF_NETDEV_EGRESS ? NftHookPoint.Egress : NftHookPoint.Ingress)
        : (NftHookPoint)number;

    private struct ReadState(NftFamily family)
    {
        private readonly List<UnknownAttribute> _unknown = [];
        private NftChain _chain = new(string.Empty);
        private NftHook? _hook;
        private NftPolicy _policy = NftPolicy.Accept;
        private string _type = "filter";

        internal NftFamily Family { get; } = family;

        internal string Table { get; private set; } = string.Empty;

        internal void Take(in AttributeReader reader)
        {
            switch (reader.Type)
            {
                case NFTA_CHAIN_TABLE:
                    Table = reader.ReadString();
                    break;
                case NFTA_CHAIN_HANDLE:
                    _chain = _chain with { Handle = reader.ReadUInt64BigEndian() };
                    break;
                case NFTA_CHAIN_NAME:
                    _chain = _chain with { Name = reader.ReadString() };
                    break;
                case NFTA_CHAIN_HOOK:
                    _hook = ReadHook(reader.Nested());
                    break;
                case NFTA_CHAIN_POLICY:
                    _policy = (NftPolicy)reader.ReadUInt32BigEndian();
                    break;
                case NFTA_CHAIN_TYPE:
                    _type = reader.ReadString();
                    break;
                case NFTA_CHAIN_USERDATA:
                    _chain = _chain with { Comment = UserDataCodec.ReadComment(reader.Value, reader.Type, _unknown) };
                    break;
                case NFTA_CHAIN_USE or NFTA_CHAIN_COUNTERS or NFTA_CHAIN_PAD:
                    break;
                case NFTA_CHAIN_FLAGS when reader.ReadUInt32BigEndian() <= NFT_CHAIN_BASE:
                    break;
                default:
                    _unknown.Add(new UnknownAttribute(reader.Type, NftValue.Of(reader.Value)));
                    break;
            }
        }

        internal readonly NftChain Finish() => _chain with
        {
            Hook = _hook is null ? null : _hook with { Type = TypeOf(_type), Policy = _policy },
            Unknown = _unknown.ToValueList(),
        };

        private readonly NftHook ReadHook(AttributeReader reader)
        {
            var hook = new NftHook(NftChainType.Filter, default, 0, NftPolicy.Accept);
            while (reader.MoveNext())
            {
                hook = reader.Type switch
                {
                    NFTA_HOOK_HOOKNUM => hook with { Point = PointOf(Family, reader.ReadUInt32BigEndian()) },
                    NFTA_HOOK_PRIORITY => hook with { Priority = unchecked((int)reader.ReadUInt32BigEndian()) },
                    NFTA_HOOK_DEV => hook with { Devices = [reader.ReadString()] },
                    NFTA_HOOK_DEVS => hook with { Devices = ReadDevices(reader.Nested()) },
                    _ => throw new WireFormatException($"nftables hook: unknown attribute {reader.Type}"),
                };
            }

            return hook;
        }

        private static ValueList<string> ReadDevices(AttributeReader reader)
        {
            var devices = new List<string>();
            while (reader.MoveNext())
            {
                devices.Add(reader.ReadString());
            }

            return devices.ToValueList();
        }

        private static NftChainType TypeOf(string name) => name switch
        {
            "filter" => NftChainType.Filter,
            "nat" => NftChainType.Nat,
            "route" => NftChainType.Route,
            _ => throw new WireFormatException($"nftables chain: unknown type '{name}'"),
        };
    }
}
