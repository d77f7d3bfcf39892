using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Linux.Neighbourhood;

/// <summary>What a frame says about who has an address on a link: ARP for IPv4, Neighbor Discovery for IPv6, in the same words.</summary>
/// <param name="IsQuestion">An ARP request or a Neighbor Solicitation; else an ARP reply or a Neighbor Advertisement.</param>
/// <param name="Target">The address that is asked for, or told of.</param>
/// <param name="Sender">The address that the sender gives as its own; null when it has none yet (an ARP probe, RFC 5227 §2.1.1; duplicate
/// address detection, RFC 4862 §5.4.2) or, in an advertisement, does not matter.</param>
/// <param name="SenderMac">Where answers go: the link-layer address in the message, else the frame's source.</param>
/// <param name="FrameSource">The frame's source.</param>
public readonly record struct NeighbourMessage(bool IsQuestion, IpAddress Target, IpAddress? Sender, MacAddress SenderMac, MacAddress FrameSource)
{
    /// <summary>True when the message says that its sender has the target: an answer, or gratuitous ARP in either form (RFC 5227 §3).</summary>
    public bool IsClaim => !IsQuestion || Sender == Target;

    /// <summary>Reads an Ethernet frame.</summary>
    /// <param name="frame">From its destination on; cut anywhere.</param>
    /// <param name="message">What it says.</param>
    /// <returns>False for anything else, and for what the RFCs say to drop silently.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out NeighbourMessage message) =>
        ArpFrame.TryRead(frame, out message) || NdFrame.TryRead(frame, out message);
}
