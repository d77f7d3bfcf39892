using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Ingress.Names;

/// <summary>Asks the nameservers of the node for a name's addresses, and for how long they hold: which the C library would not tell.</summary>
/// <param name="file">resolv.conf.</param>
/// <param name="inside">The network namespace; null for the process's own.</param>
internal sealed class NodeResolver(string file, NetworkNamespace? inside)
{
    private const int Port = 53;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>The addresses of a name, and for how many seconds they hold; null when nobody has answered.</summary>
    public async Task<(ValueList<IpAddress> Addresses, uint Seconds)?> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var server in Nameservers())
        {
            var addresses = new List<IpAddress>();
            if (await AskAsync(server, name, IpFamily.V4, addresses, cancellationToken) is { } first && await AskAsync(server, name, IpFamily.V6, addresses, cancellationToken) is { } second)
            {
                return (addresses.OrderBy(static address => address.Family).ThenBy(static address => address).Distinct().ToValueList(), Math.Min(first, second));
            }
        }

        return null;
    }

    private List<IpAddress> Nameservers()
    {
        var servers = new List<IpAddress>();
        try
        {
            foreach (var line in File.ReadLines(file))
            {
                var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 1 && words[0] == "nameserver" && IpAddress.TryParse(words[1], out var address))
                {
                    servers.Add(address);
                }
            }
        }
        catch (IOException)
        {
            // Without the file there is the resolver of this host, as for the C library.
        }

        return servers.Count > 0 ? servers : [IpAddress.Loopback(IpFamily.V4)];
    }

    private async Task<uint?> AskAsync(IpAddress server, string name, IpFamily family, List<IpAddress> addresses, CancellationToken cancellationToken)
    {
        var question = new byte[DnsQuestion.MaxLength];
        var length = DnsQuestion.Write(question, (ushort)RandomNumberGenerator.GetInt32(0x10000), name, family);
        if (length == 0)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            using var socket = Open(server.Family);
            await socket.ConnectAsync(new IPEndPoint(server.ToIPAddress(), Port), patience.Token);
            await socket.SendAsync(question.AsMemory(0, length), patience.Token);
            var answer = new byte[4096];
            while (true)
            {
                var count = await socket.ReceiveAsync(answer, patience.Token);
                var seconds = uint.MaxValue;
                if (DnsQuestion.TryRead(answer.AsSpan(0, count), question.AsSpan(0, length), addresses, ref seconds))
                {
                    return seconds;
                }

                if (count >= 2 && answer.AsSpan(0, 2).SequenceEqual(question.AsSpan(0, 2)))
                {
                    return null;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private Socket Open(IpFamily family)
    {
        Socket Make() => new(family == IpFamily.V6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return inside is null ? Make() : inside.Run(Make);
    }
}
