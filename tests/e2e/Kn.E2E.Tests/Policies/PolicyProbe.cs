using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.E2E.Tests.Policies;

/// <summary>Whether a packet gets through, and something comes back that only its receiver can have sent. Works with sockets inside the sender's and, for SCTP, the
/// receiver's network namespace.</summary>
/// <remarks>TCP passes where the connection is made or refused: the refusal is the receiver's. UDP passes where the echo server answers or its
/// kernel says that nobody listens. SCTP, which the kernel need not have, passes where the INIT arrives.</remarks>
internal static class PolicyProbe
{
    /// <summary>Long for a packet on one machine, and short enough to wait for in vain some hundred times.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private static int _sctpPort = 20_000;

    /// <summary>What is said where a connection is made, or an answer came.</summary>
    public const string Answered = "answered";

    /// <summary>What is said where the receiver's kernel refuses.</summary>
    public const string Refused = "refused";

    private const string Silence = "silence";

    /// <summary>Whether what came of it means that the packet got through.</summary>
    public static bool IsThrough(string outcome) => outcome is Answered or Refused;

    /// <summary>Sends, and says what came of it.</summary>
    public static Task<string> SendAsync(NetworkNamespace from, NetworkNamespace to, IpAddress target, string protocol, int port) => protocol switch
    {
        "TCP" => ConnectAsync(from, target, port),
        "UDP" => AskAsync(from, target, port),
        "SCTP" => Task.Run(() => Associates(from, to, target, (ushort)port)),
        _ => throw new ArgumentException($"'{protocol}' is no protocol of policies", nameof(protocol)),
    };

    private static async Task<string> ConnectAsync(NetworkNamespace from, IpAddress target, int port)
    {
        var end = new IPEndPoint(target.ToIPAddress(), port);
        using var socket = from.Run(() => new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.LingerState = new LingerOption(true, 0);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(end, patience.Token);
            return Answered;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused ? Refused : $"{error.SocketErrorCode}";
        }
        catch (OperationCanceledException)
        {
            return Silence;
        }
    }

    private static async Task<string> AskAsync(NetworkNamespace from, IpAddress target, int port)
    {
        var end = new IPEndPoint(target.ToIPAddress(), port);
        using var socket = from.Run(() => new Socket(end.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(end, patience.Token);
            await socket.SendAsync("hostname"u8.ToArray(), patience.Token);
            return await socket.ReceiveAsync(new byte[2048], patience.Token) > 0 ? Answered : Silence;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused ? Refused : $"{error.SocketErrorCode}";
        }
        catch (OperationCanceledException)
        {
            return Silence;
        }
    }

    private static string Associates(NetworkNamespace from, NetworkNamespace to, IpAddress target, ushort port)
    {
        var source = (ushort)Interlocked.Increment(ref _sctpPort);
        using var ear = new SctpProbe(to, target.Family == IpFamily.V6) { Patience = Patience };
        using var mouth = new SctpProbe(from, target.Family == IpFamily.V6);
        mouth.SendInit($"{target}", source, port);
        var since = TimeProvider.System.GetTimestamp();
        try
        {
            while (TimeProvider.System.GetElapsedTime(since) < 2 * Patience)
            {
                if (ear.ReceiveInit().EndsWith($":{source} > {port}", StringComparison.Ordinal))
                {
                    return Answered;
                }
            }
        }
        catch (SocketException)
        {
            // Nothing came.
        }

        return Silence;
    }
}
