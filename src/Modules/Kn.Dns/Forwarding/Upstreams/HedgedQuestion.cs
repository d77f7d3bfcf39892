using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>One question to as many upstreams as it needs: the next is asked when one says that it cannot, or has not answered in time, and who
/// was asked before may still answer: the first answer that can be used wins.</summary>
internal sealed class HedgedQuestion(UpstreamContext context, OutgoingQuery query, List<Upstream> order)
{
    /// <summary>Questions for one name, whatever times are configured.</summary>
    private const int MaxAttempts = 8;

    private readonly HashSet<Upstream> _failed = [];
    private readonly List<Task<Attempt>> _running = [];
    private UpstreamAnswer? _lastResort;
    private int _asked;

    /// <summary>Asks until there is an answer or the time is over.</summary>
    /// <returns>The first usable answer; else what an upstream said that it could not (SERVFAIL, REFUSED); null when none said anything.</returns>
    public async Task<UpstreamAnswer?> AskAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(context.Options.Deadline, context.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            while (!stop.IsCancellationRequested && TryNext(out var upstream))
            {
                _running.Add(AskOneAsync(upstream, stop.Token));
                if (await WaitAsync(stop.Token) is { } answer)
                {
                    return answer;
                }
            }

            while (_running.Count > 0 && !stop.IsCancellationRequested)
            {
                if (await WaitAsync(stop.Token) is { } answer)
                {
                    return answer;
                }

                if (_lastResort is not null)
                {
                    // Everybody had their time; somebody has said that it cannot be answered.
                    break;
                }
            }

            return _lastResort;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(_running);
        }
    }

    private async Task<Attempt> AskOneAsync(Upstream upstream, CancellationToken cancellationToken) =>
        new(upstream, await upstream.AskAsync(query, cancellationToken));

    /// <summary>Goes round and round, past those that have said that they cannot.</summary>
    private bool TryNext(out Upstream upstream)
    {
        for (var tried = 0; tried < order.Count && _asked < MaxAttempts; tried++)
        {
            upstream = order[_asked++ % order.Count];
            if (!_failed.Contains(upstream))
            {
                return true;
            }
        }

        upstream = null!;
        return false;
    }

    /// <summary>Until there is a usable answer (which it returns), the one asked last had its time, or one cannot and another can be asked.</summary>
    private async Task<UpstreamAnswer?> WaitAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var timer = Task.Delay(context.Options.Timeout, context.Time, end.Token);
        try
        {
            while (_running.Count > 0 && !timer.IsCompleted)
            {
                await Task.WhenAny([.. _running, timer]);
                var finished = _running.Find(static attempt => attempt.IsCompleted);
                if (finished is null)
                {
                    break;
                }

                _running.Remove(finished);
                var (from, answer) = await finished;
                if (answer is { IsUsable: true })
                {
                    return answer;
                }

                _failed.Add(from);
                _lastResort = Better(_lastResort, answer);
                if (_failed.Count < order.Count)
                {
                    break;
                }
            }

            return null;
        }
        finally
        {
            await end.CancelAsync();
            await timer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>SERVFAIL says more than a refusal, and either more than garbage.</summary>
    private static UpstreamAnswer? Better(UpstreamAnswer? known, UpstreamAnswer? next)
    {
        if (next is not { Fault: AnswerFault.None, Shape.Rcode: <= DnsRcode.Refused })
        {
            return known;
        }

        return known is null || next.Shape.Rcode == DnsRcode.ServerFailure ? next : known;
    }

    private sealed record Attempt(Upstream From, UpstreamAnswer? Answer);
}
