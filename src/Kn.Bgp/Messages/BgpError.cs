using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Why a session ends: what a NOTIFICATION carries.</summary>
/// <param name="Code">The kind.</param>
/// <param name="Subcode">What exactly; 0 when that is not told.</param>
/// <param name="Detail">What helps to find the cause: mostly a copy of what was wrong.</param>
/// <remarks>RFC 4271 §4.5 and §6.</remarks>
public sealed record BgpError(BgpErrorCode Code, byte Subcode, ValueList<byte> Detail = default)
{
    /// <summary>Longest text of a shutdown communication (RFC 9003 §2).</summary>
    private const int MaxCommunicationBytes = 255;

    private static readonly string[] HeaderNames = ["", "connection not synchronized", "bad message length", "bad message type"];

    private static readonly string[] OpenNames =
    [
        "", "unsupported version number", "bad peer AS", "bad BGP identifier", "unsupported optional parameter", "", "unacceptable hold time", "unsupported capability",
    ];

    private static readonly string[] UpdateNames =
    [
        "", "malformed attribute list", "unrecognized well-known attribute", "missing well-known attribute", "attribute flags error", "attribute length error",
        "invalid ORIGIN attribute", "", "invalid NEXT_HOP attribute", "optional attribute error", "invalid network field", "malformed AS_PATH",
    ];

    private static readonly string[] StateNames = ["", "unexpected message in OpenSent", "unexpected message in OpenConfirm", "unexpected message in Established"];

    private static readonly string[] CeaseNames =
    [
        "", "maximum number of prefixes reached", "administrative shutdown", "peer de-configured", "administrative reset", "connection rejected",
        "other configuration change", "connection collision resolution", "out of resources", "hard reset", "BFD down",
    ];

    /// <summary>The text of the operator who shut the session down (RFC 9003); empty when there is none.</summary>
    public string Communication =>
        Code == BgpErrorCode.Cease && (CeaseReason)Subcode is CeaseReason.AdministrativeShutdown or CeaseReason.AdministrativeReset
            && Detail.Count > 1 && Detail[0] == Detail.Count - 1
            ? Encoding.UTF8.GetString(Detail.AsSpan()[1..])
            : "";

    internal static BgpError NotSynchronized { get; } = new(BgpErrorCode.MessageHeader, 1);

    internal static BgpError HoldTimerExpired { get; } = new(BgpErrorCode.HoldTimerExpired, 0);

    internal static BgpError BadPeerAs { get; } = new(BgpErrorCode.OpenMessage, 2);

    internal static BgpError BadIdentifier { get; } = new(BgpErrorCode.OpenMessage, 3);

    internal static BgpError UnsupportedParameter { get; } = new(BgpErrorCode.OpenMessage, 4);

    internal static BgpError UnacceptableHoldTime { get; } = new(BgpErrorCode.OpenMessage, 6);

    internal static BgpError MalformedOpen { get; } = new(BgpErrorCode.OpenMessage, 0);

    internal static BgpError MalformedAttributeList { get; } = new(BgpErrorCode.UpdateMessage, 1);

    internal static BgpError InvalidNetworkField { get; } = new(BgpErrorCode.UpdateMessage, 10);

    /// <summary>RFC 4271 §6.2: the detail is the largest version that is spoken.</summary>
    internal static BgpError UnsupportedVersion { get; } = new(BgpErrorCode.OpenMessage, 1, [0, 4]);

    internal static BgpError BadMessageLength(ushort length) => new(BgpErrorCode.MessageHeader, 2, [(byte)(length >> 8), (byte)length]);

    internal static BgpError BadMessageType(byte type) => new(BgpErrorCode.MessageHeader, 3, [type]);

    /// <summary>RFC 5492 §5: the detail is the capability that is missed, as it would stand in the OPEN.</summary>
    internal static BgpError UnsupportedCapability(ReadOnlySpan<byte> capability) => new(BgpErrorCode.OpenMessage, 7, ValueList.Create(capability));

    /// <summary>RFC 4271 §6.3: the detail is the attribute, with its type and length.</summary>
    internal static BgpError InAttribute(UpdateErrorSubcode subcode, ReadOnlySpan<byte> attribute) =>
        new(BgpErrorCode.UpdateMessage, (byte)subcode, ValueList.Create(attribute));

    /// <summary>RFC 6608: 1 in OpenSent, 2 in OpenConfirm, 3 in Established; the detail is the type of the message.</summary>
    internal static BgpError Unexpected(byte subcode, BgpMessageType type) => new(BgpErrorCode.FiniteStateMachine, subcode, [(byte)type]);

    /// <summary>RFC 7313 §5: the detail is the message.</summary>
    internal static BgpError BadRouteRefreshLength(ReadOnlySpan<byte> message) => new(BgpErrorCode.RouteRefresh, 1, ValueList.Create(message));

    internal static BgpError Cease(CeaseReason reason, string communication = "")
    {
        if (communication.Length == 0)
        {
            return new BgpError(BgpErrorCode.Cease, (byte)reason);
        }

        Span<byte> detail = stackalloc byte[1 + MaxCommunicationBytes];
        Encoding.UTF8.GetEncoder().Convert(communication, detail[1..], flush: true, out _, out var bytes, out _);
        detail[0] = (byte)bytes;
        return new BgpError(BgpErrorCode.Cease, (byte)reason, ValueList.Create<byte>(detail[..(1 + bytes)]));
    }

    /// <summary>RFC 4486 §4: the detail is the family and the limit.</summary>
    internal static BgpError TooManyPrefixes(BgpFamily family, uint limit)
    {
        Span<byte> detail = stackalloc byte[7];
        BinaryPrimitives.WriteUInt16BigEndian(detail, family.Afi);
        detail[2] = family.Safi;
        BinaryPrimitives.WriteUInt32BigEndian(detail[3..], limit);
        return new BgpError(BgpErrorCode.Cease, (byte)CeaseReason.MaximumPrefixes, ValueList.Create<byte>(detail));
    }

    /// <summary>RFC 8538 §3.1: what ends the session is carried inside.</summary>
    internal BgpError AsHardReset() =>
        new(BgpErrorCode.Cease, (byte)CeaseReason.HardReset, [(byte)Code, Subcode, .. Detail]);

    /// <summary>Code, subcode and, of a shutdown, the operator's text.</summary>
    public override string ToString()
    {
        var name = Name;
        var numbers = string.Create(CultureInfo.InvariantCulture, $"{(byte)Code}/{Subcode}");
        var text = name.Length == 0 ? $"{Kind} ({numbers})" : $"{Kind}: {name} ({numbers})";
        return Communication.Length == 0 ? text : $"{text}: \"{Communication}\"";
    }

    private string Kind => Code switch
    {
        BgpErrorCode.MessageHeader => "message header error",
        BgpErrorCode.OpenMessage => "OPEN error",
        BgpErrorCode.UpdateMessage => "UPDATE error",
        BgpErrorCode.HoldTimerExpired => "hold timer expired",
        BgpErrorCode.FiniteStateMachine => "state machine error",
        BgpErrorCode.Cease => "cease",
        BgpErrorCode.RouteRefresh => "ROUTE-REFRESH error",
        _ => "unknown error",
    };

    private string Name
    {
        get
        {
            string[] names = Code switch
            {
                BgpErrorCode.MessageHeader => HeaderNames,
                BgpErrorCode.OpenMessage => OpenNames,
                BgpErrorCode.UpdateMessage => UpdateNames,
                BgpErrorCode.FiniteStateMachine => StateNames,
                BgpErrorCode.Cease => CeaseNames,
                _ => [],
            };
            return Subcode < names.Length ? names[Subcode] : "";
        }
    }
}

/// <summary>Subcodes of the errors of an UPDATE, RFC 4271 §6.3.</summary>
internal enum UpdateErrorSubcode : byte
{
    MalformedAttributeList = 1,
    UnrecognizedWellKnown = 2,
    MissingWellKnown = 3,
    AttributeFlags = 4,
    AttributeLength = 5,
    InvalidOrigin = 6,
    InvalidNextHop = 8,
    OptionalAttribute = 9,
    InvalidNetworkField = 10,
    MalformedAsPath = 11,
}
