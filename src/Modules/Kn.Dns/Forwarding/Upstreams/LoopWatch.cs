using System.Net.Sockets;
using System.Security.Cryptography;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Finds upstreams whose questions come back here, such as a systemd-resolved that asks this node: each is asked for a name that nobody
/// else can know, and who sees that name knows where it came from.</summary>
/// <remarks>As CoreDNS' loop: type HINFO, two labels of random digits below the root, so that no forwarder on the way answers by itself
/// (some do so for .invalid, RFC 6761 §6.4). Thread-safe.</remarks>
internal sealed class LoopWatch(UpstreamContext context)
{
    /// <summary>Host information (RFC 1035 §3.3.2): a type that hardly anybody asks for.</summary>
    private const DnsType HostInformation = (DnsType)13;

    private readonly Lock _lock = new();
    private readonly List<Probe> _probes = [];

    /// <summary>True when the query is a probe of ours that has come back; its upstream is then no longer asked.</summary>
    public bool Sees(in DnsQuery query)
    {
        if (query.Type != HostInformation)
        {
            return false;
        }

        lock (_lock)
        {
            foreach (var probe in _probes)
            {
                if (DnsName.Matches(probe.Name, query.Name))
                {
                    probe.Seen = true;
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Asks an upstream, and says in its state whether the question came back. Without an answer in time what was known stays.</summary>
    public async Task ProbeAsync(Upstream upstream, CancellationToken cancellationToken)
    {
        var probe = new Probe(DnsName.Parse($"{RandomDigits()}.{RandomDigits()}."));
        lock (_lock)
        {
            _probes.Add(probe);
        }

        var answered = await IsAnsweredAsync(upstream, probe.Name, cancellationToken);
        lock (_lock)
        {
            _probes.Remove(probe);
        }

        if (probe.Seen && !upstream.Loops)
        {
            upstream.Loops = true;
            ForwardLog.Loop(context.Logger, upstream.ToString());
        }
        else if (answered && !probe.Seen && upstream.Loops)
        {
            upstream.Loops = false;
            ForwardLog.LoopGone(context.Logger, upstream.ToString());
        }
    }

    private async Task<bool> IsAnsweredAsync(Upstream upstream, byte[] name, CancellationToken cancellationToken)
    {
        byte[] question = [.. name, 0, (byte)HostInformation, 0, (byte)DnsClass.In];
        using var timeout = new CancellationTokenSource(context.Options.Deadline, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var query = new OutgoingQuery(question, QuestionBits.None, context.Options.EdnsSize, randomCase: false);
            return (await upstream.ProbeAsync(query, either.Token)).Fault == AnswerFault.None;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static string RandomDigits() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private sealed class Probe(byte[] name)
    {
        public byte[] Name { get; } = name;

        public volatile bool Seen;
    }
}
