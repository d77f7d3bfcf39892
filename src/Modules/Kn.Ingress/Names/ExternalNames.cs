using System.Threading.Channels;
using Kn.Ingress.Planning;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Names;

/// <summary>Keeps the addresses of Services of type ExternalName: asked for when a route leads there, and again when they hold no longer. What was known
/// holds on while nobody answers.</summary>
/// <remarks>Names that lead to this host itself, or to its link, are not followed: whoever may write a Service would reach what listens for the node alone.</remarks>
internal sealed class ExternalNames(LiveRoutes routes, NodeResolver resolver, TimeProvider time, ILogger logger)
{
    private const uint ShortestSeconds = 5;
    private const uint LongestSeconds = 300;
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, long> _due = [];

    /// <summary>Other names are asked for now.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var wait = await ResolveDueAsync(cancellationToken);
            using var sooner = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task woken = _wake.Reader.WaitToReadAsync(sooner.Token).AsTask();
            await Task.WhenAny(woken, Task.Delay(wait, time, sooner.Token));
            await sooner.CancelAsync();
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            while (_wake.Reader.TryRead(out _))
            {
                // One look sees all that has changed.
            }
        }
    }

    /// <summary>Asks for those whose time has come; says how long until the next.</summary>
    private async Task<TimeSpan> ResolveDueAsync(CancellationToken cancellationToken)
    {
        var names = routes.ExternalNames;
        foreach (var name in _due.Keys.Where(name => !names.Contains(name)).ToList())
        {
            _due.Remove(name);
        }

        var next = TimeSpan.FromSeconds(LongestSeconds);
        foreach (var name in names)
        {
            var left = _due.TryGetValue(name, out var due) ? TimeSpan.FromTicks(due - time.GetUtcNow().Ticks) : TimeSpan.Zero;
            if (left <= TimeSpan.Zero)
            {
                left = await ResolveAsync(name, cancellationToken);
                _due[name] = (time.GetUtcNow() + left).Ticks;
            }

            next = left < next ? left : next;
        }

        return next;
    }

    private async Task<TimeSpan> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (IpAddress.TryParse(name, out var literal))
        {
            routes.Resolved(name, Allowed([literal]));
            return TimeSpan.FromSeconds(LongestSeconds);
        }

        if (await resolver.ResolveAsync(name, cancellationToken) is not var (addresses, seconds))
        {
            IngressLog.NotResolved(logger, name);
            return s_retry;
        }

        routes.Resolved(name, Allowed(addresses));
        return TimeSpan.FromSeconds(Math.Clamp(seconds, ShortestSeconds, LongestSeconds));
    }

    private static ValueList<IpAddress> Allowed(ValueList<IpAddress> addresses) =>
        addresses.Where(static address => !address.IsLoopback && !address.IsLinkLocal && !address.IsAny).ToValueList();
}
