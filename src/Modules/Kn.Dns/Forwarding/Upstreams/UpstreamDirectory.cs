using System.Net;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Whom to ask for which names, from the config and resolv.conf: read again when that changes. What is known of an upstream stays
/// while it is named.</summary>
internal sealed class UpstreamDirectory(UpstreamContext context, Func<IPEndPoint, bool> isOwn) : IAsyncDisposable
{
    /// <summary>How often resolv.conf is looked at. Reading the text itself, not waiting for events: it is often a link to a link that is replaced.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<IPEndPoint, Upstream> _known = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private UpstreamRoutes _current = UpstreamRoutes.None;
    private string _resolvConf = "";
    private string? _shown;

    /// <summary>The routes as they are now.</summary>
    public UpstreamRoutes Current => Volatile.Read(ref _current);

    /// <summary>Reads the config and resolv.conf; true when the routes are others than before. Called by one thread at a time.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var defaults = await DefaultsAsync(cancellationToken);
        List<Wanted> wanted =
        [
            .. context.Options.StubDomains.Select(stub => new Wanted(stub.Domain, Parse(stub.Upstreams, stub.Domain), stub.Policy ?? context.Options.Policy)),
            new Wanted(".", defaults, context.Options.Policy),
        ];
        var shown = string.Join("; ", wanted.Select(static group => $"{group.Domain} {string.Join(' ', group.Addresses)}"));
        if (shown == _shown)
        {
            return false;
        }

        _shown = shown;
        var routes = new UpstreamRoutes(wanted.Select(group => new UpstreamGroup(
            WireName(group.Domain),
            group.Addresses.Select(Get).ToValueList(),
            group.Policy)).ToList());
        Volatile.Write(ref _current, routes);
        Tell(defaults);
        await ForgetOthersAsync(routes);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _current, UpstreamRoutes.None);
        await ForgetOthersAsync(UpstreamRoutes.None);
    }

    private string Source => context.Options.Upstreams.IsEmpty ? context.Options.ResolvConf : "the config";

    private async Task<List<IPEndPoint>> DefaultsAsync(CancellationToken cancellationToken)
    {
        if (!context.Options.Upstreams.IsEmpty)
        {
            return Parse(context.Options.Upstreams, Source);
        }

        try
        {
            _resolvConf = await File.ReadAllTextAsync(context.Options.ResolvConf, cancellationToken);
            _told.Remove(context.Options.ResolvConf);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (_told.Add(context.Options.ResolvConf))
            {
                ForwardLog.ResolvConfUnreadable(context.Logger, context.Options.ResolvConf, exception.Message);
            }
        }

        var named = ResolvConf.Nameservers(_resolvConf, out var unreadable);
        foreach (var entry in unreadable.Where(_told.Add))
        {
            ForwardLog.BadNameserver(context.Logger, context.Options.ResolvConf, entry);
        }

        return WithoutOwn(named, Source);
    }

    private List<IPEndPoint> Parse(ValueList<string> upstreams, string source) => WithoutOwn(
        upstreams.Select(static text => UpstreamAddress.TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an address")),
        source);

    private List<IPEndPoint> WithoutOwn(IEnumerable<IPEndPoint> addresses, string source)
    {
        List<IPEndPoint> others = [];
        foreach (var address in addresses.Distinct())
        {
            if (!isOwn(address))
            {
                others.Add(address);
            }
            else if (_told.Add($"{source} {address}"))
            {
                ForwardLog.OwnNameserver(context.Logger, source, address.ToString());
            }
        }

        return others;
    }

    private Upstream Get(IPEndPoint address)
    {
        if (!_known.TryGetValue(address, out var upstream))
        {
            upstream = new Upstream(address, context);
            _known.Add(address, upstream);
        }

        return upstream;
    }

    private void Tell(List<IPEndPoint> defaults)
    {
        if (defaults.Count == 0)
        {
            ForwardLog.NoUpstreams(context.Logger, Source);
        }
        else
        {
            ForwardLog.Upstreams(context.Logger, string.Join(", ", defaults), Source);
        }
    }

    private async Task ForgetOthersAsync(UpstreamRoutes routes)
    {
        var used = routes.Upstreams.ToHashSet();
        foreach (var upstream in _known.Values.Where(upstream => !used.Contains(upstream)).ToList())
        {
            _known.Remove(upstream.Address);
            await upstream.DisposeAsync();
        }
    }

    private static byte[] WireName(string domain)
    {
        var name = DnsName.Parse(domain);
        DnsName.CopyLower(name, name);
        return name;
    }

    private sealed record Wanted(string Domain, List<IPEndPoint> Addresses, ForwardPolicy Policy);
}
