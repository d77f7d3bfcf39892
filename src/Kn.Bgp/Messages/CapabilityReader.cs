using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Collects the capabilities of an OPEN, which may stand in several parameters.</summary>
/// <remarks>RFC 5492 §4: code, length, value. A capability whose value is not what its code asks for is taken for one that is not known.</remarks>
internal sealed class CapabilityReader
{
    private readonly List<BgpFamily> _families = [];
    private readonly List<BgpFamily> _extendedNextHop = [];
    private readonly List<byte> _unknown = [];
    private Capabilities _capabilities = new();

    /// <summary>Reads one parameter; false when it is cut.</summary>
    internal bool TryRead(ReadOnlySpan<byte> parameter)
    {
        while (!parameter.IsEmpty)
        {
            if (parameter.Length < 2 || parameter.Length < 2 + parameter[1])
            {
                return false;
            }

            var code = parameter[0];
            if (!Read((CapabilityCode)code, parameter.Slice(2, parameter[1])) && !_unknown.Contains(code))
            {
                _unknown.Add(code);
            }

            parameter = parameter[(2 + parameter[1])..];
        }

        return true;
    }

    internal Capabilities ToCapabilities() => _capabilities with
    {
        Families = _families.ToValueList(),
        ExtendedNextHop = _extendedNextHop.ToValueList(),
        Unknown = _unknown.ToValueList(),
    };

    private bool Read(CapabilityCode code, ReadOnlySpan<byte> value)
    {
        switch (code)
        {
            case CapabilityCode.Multiprotocol when value.Length == 4:
                AddOnce(_families, new BgpFamily(BinaryPrimitives.ReadUInt16BigEndian(value), value[3]));
                return true;
            case CapabilityCode.RouteRefresh when value.IsEmpty:
                _capabilities = _capabilities with { RouteRefresh = true };
                return true;
            case CapabilityCode.EnhancedRouteRefresh when value.IsEmpty:
                _capabilities = _capabilities with { EnhancedRouteRefresh = true };
                return true;
            case CapabilityCode.ExtendedMessages when value.IsEmpty:
                _capabilities = _capabilities with { ExtendedMessages = true };
                return true;
            case CapabilityCode.FourOctetAs when value.Length == 4:
                _capabilities = _capabilities with { FourOctetAs = BinaryPrimitives.ReadUInt32BigEndian(value) };
                return true;
            case CapabilityCode.ExtendedNextHop when value.Length % 6 == 0:
                ReadExtendedNextHop(value);
                return true;
            case CapabilityCode.GracefulRestart when value.Length >= 2 && value.Length % 4 == 2:
                ReadGracefulRestart(value);
                return true;
            default:
                return false;
        }
    }

    /// <summary>RFC 8950 §4: AFI, SAFI in two bytes, AFI of the next hop.</summary>
    private void ReadExtendedNextHop(ReadOnlySpan<byte> value)
    {
        for (; !value.IsEmpty; value = value[6..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(value[4..]) == BgpFamily.V6Unicast.Afi && value[2] == 0)
            {
                AddOnce(_extendedNextHop, new BgpFamily(BinaryPrimitives.ReadUInt16BigEndian(value), value[3]));
            }
        }
    }

    /// <summary>RFC 4724 §3: four flags and a time of 12 bits, then AFI, SAFI and flags of each family.</summary>
    private void ReadGracefulRestart(ReadOnlySpan<byte> value)
    {
        var first = BinaryPrimitives.ReadUInt16BigEndian(value);
        var families = new List<GracefulRestartFamily>();
        for (value = value[2..]; !value.IsEmpty; value = value[4..])
        {
            families.Add(new GracefulRestartFamily(new BgpFamily(BinaryPrimitives.ReadUInt16BigEndian(value), value[2]), (value[3] & 0x80) != 0));
        }

        _capabilities = _capabilities with
        {
            GracefulRestart = new GracefulRestartCapability((first & 0x8000) != 0, (first & 0x4000) != 0, (ushort)(first & 0xFFF), families.ToValueList()),
        };
    }

    private static void AddOnce(List<BgpFamily> families, BgpFamily family)
    {
        if (!families.Contains(family))
        {
            families.Add(family);
        }
    }
}

/// <summary>Capability codes of the IANA registry.</summary>
internal enum CapabilityCode : byte
{
    Multiprotocol = 1,
    RouteRefresh = 2,
    ExtendedNextHop = 5,
    ExtendedMessages = 6,
    GracefulRestart = 64,
    FourOctetAs = 65,
    EnhancedRouteRefresh = 70,
}
