using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>What an exchange becomes when both sides go over to another protocol, such as WebSocket (RFC 9110 §7.8): bytes, both ways.</summary>
internal sealed partial class Exchange
{
    private bool _isTunnel;
    private long _tunnelTimeout;
    private bool _clientDone;
    private bool _upDone;

    private Went BeginTunnel(IUpstreamSide up, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        if (!_wantsUpgrade)
        {
            return BadAnswer();
        }

        var length = ResponseRewriter.Write(worker.HeadScratch, worker.Answer, head, Persistence.KeepsAlive, isUpgrade: true, AnswerLines());
        if (length == 0)
        {
            return BadAnswer();
        }

        // What the route asks for holds for as long as the tunnel.
        var (entered, turn) = (_entered, _features?.Settings.ReadTimeout);
        _entered = null;
        Count(101);
        _entered = entered;
        _tunnelTimeout = turn is { } longest ? (long)longest.TotalMilliseconds : worker.Settings.TunnelTimeout;
        _isActive = _isTunnel = _hasBegun = true;
        DropRequest();
        var isSent = client.Send(worker.HeadScratch.AsSpan(0, length)) && (rest.IsEmpty || client.Send(rest)) && (client.Saved.IsEmpty || up.Send(client.Saved));
        client.DropSaved();
        DropAnswerHead();
        client.Deadline = worker.Now + _tunnelTimeout;
        return isSent ? Went.On : GoneClient();
    }

    private bool StepTunnel()
    {
        if (_up is not { } up)
        {
            return false;
        }

        if (!up.Flush() || !Carry(client, up, ref _clientDone, out var there) || !Carry(up, client, ref _upDone, out var back)
            || (_clientDone && _upDone && !client.HasPending && !up.HasPending))
        {
            client.Close();
            return false;
        }

        if (there || back)
        {
            client.Deadline = worker.Now + _tunnelTimeout;
        }

        return there || back;
    }

    /// <summary>Carries a piece one way; an end is carried on too.</summary>
    /// <returns>False when a connection is broken.</returns>
    private bool Carry(IExchangeSide from, IExchangeSide to, ref bool isDone, out bool hasCarried)
    {
        hasCarried = false;
        if (isDone || to.HasPending || !from.CanRead)
        {
            return true;
        }

        var buffer = worker.Scratch.AsSpan(0, FirstRead);
        var count = from.Receive(buffer);
        if (count == Peer.NotNow)
        {
            return true;
        }

        hasCarried = true;
        if (count == 0)
        {
            isDone = true;
            to.EndSending();
            return true;
        }

        return count > 0 && to.Send(buffer[..count]);
    }
}
