namespace Kn.Bgp.Messages;

/// <summary>The first message of each side.</summary>
/// <param name="Asn">Its AS number, from the capability where it is there.</param>
/// <param name="HoldSeconds">How long it may be silent: 0 for ever, or at least 3.</param>
/// <param name="RouterId">Its BGP identifier, never 0.</param>
/// <param name="Capabilities">What it can do.</param>
/// <remarks>RFC 4271 §4.2.</remarks>
internal sealed record OpenMessage(uint Asn, ushort HoldSeconds, uint RouterId, Capabilities Capabilities)
{
    /// <summary>What stands for a number that two bytes do not hold (RFC 6793 §9).</summary>
    internal const ushort AsTrans = 23456;
}
