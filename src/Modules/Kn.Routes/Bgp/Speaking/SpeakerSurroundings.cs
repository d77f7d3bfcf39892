using System.Net.Sockets;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>What a speaker needs of its node.</summary>
/// <param name="Marker">Whether it follows another one.</param>
/// <param name="Paused">What an earlier one watched.</param>
/// <param name="NextHopCost">What it costs to reach a next hop; null: it is not reached.</param>
/// <param name="Logger">The module's.</param>
/// <param name="Time">The clock.</param>
internal sealed record SpeakerSurroundings(RestartMarker Marker, PausedPaths Paused, Func<IpAddress, uint?> NextHopCost, ILogger Logger, TimeProvider Time)
{
    /// <summary>Opens sockets: the process's network namespace, but for tests.</summary>
    public Func<AddressFamily, SocketType, Socket> OpenSocket { get; init; } = static (family, type) => new Socket(family, type, ProtocolType.Unspecified);

    /// <summary>While this file is there, the machine is going down (systemd-user-sessions.service, pam_nologin(8)): the agent's end is then no restart.</summary>
    public string ShutdownFile { get; init; } = "/run/nologin";
}
