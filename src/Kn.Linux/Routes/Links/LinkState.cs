namespace Kn.Linux.Routes;

/// <summary>Operational state of a link, RFC 2863.</summary>
/// <remarks>IF_OPER_*, uapi/linux/if.h.</remarks>
public enum LinkState : byte
{
    /// <summary>The driver does not tell; loopback and tunnels that work are in this state.</summary>
    Unknown = 0,

    /// <summary>A part of the hardware is missing.</summary>
    NotPresent = 1,

    /// <summary>Cannot pass packets.</summary>
    Down = 2,

    /// <summary>The link below is down, or the veth's other end.</summary>
    LowerLayerDown = 3,

    /// <summary>In a test mode.</summary>
    Testing = 4,

    /// <summary>Waits for an event, such as 802.1X.</summary>
    Dormant = 5,

    /// <summary>Passes packets.</summary>
    Up = 6,
}
