using System.Text;
using Kn.Ingress.Patterns;

namespace Kn.Ingress.Routing;

/// <summary>All routes at one moment, whatever objects they came from. Never changed: a change makes a new table that shares all hosts but one.</summary>
/// <remarks>An exact host comes before a wildcard, a wildcard before the empty host. The most specific host that has rules decides alone: where its
/// rules do not match, its default backend is asked, then that of the empty host, then nobody.</remarks>
internal sealed class RouteTable
{
    /// <summary>Places that captures take at most: a pattern has no more steps than that.</summary>
    public const int MostPlaces = 402;

    private readonly ByteTable<HostRoutes> _hosts;
    private readonly HostRoutes? _any;

    private RouteTable(ByteTable<HostRoutes> hosts, HostRoutes? any)
    {
        _hosts = hosts;
        _any = any;
    }

    /// <summary>The table without routes.</summary>
    public static RouteTable Empty { get; } = new(new ByteTable<HostRoutes>([]), null);

    /// <summary>How many hosts, the empty one not counted.</summary>
    public int HostCount => _hosts.Count;

    /// <summary>The table with one host's routes replaced; without them where they are null.</summary>
    /// <param name="host">In lower case; *.example.org for a wildcard, empty for every host.</param>
    /// <param name="routes">The routes.</param>
    public RouteTable With(string host, HostRoutes? routes) =>
        host.Length == 0 ? new RouteTable(_hosts, routes) : new RouteTable(_hosts.With(Key(host), routes), _any);

    /// <summary>A table of all of these at once.</summary>
    public static RouteTable Of(IEnumerable<KeyValuePair<string, HostRoutes>> hosts)
    {
        HostRoutes? any = null;
        var items = new List<KeyValuePair<byte[], HostRoutes>>();
        foreach (var (host, routes) in hosts)
        {
            if (host.Length == 0)
            {
                any = routes;
            }
            else
            {
                items.Add(new(Key(host), routes));
            }
        }

        return new RouteTable(new ByteTable<HostRoutes>(items), any);
    }

    /// <summary>Where a request goes; null for nowhere.</summary>
    /// <param name="host">As <see cref="Http.HostName.Normalize"/> writes it.</param>
    /// <param name="path">As <see cref="Http.RequestPath.Normalize"/> writes it.</param>
    public Route? Find(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path) => Find(host, path, new PatternScratch(), new int[MostPlaces]);

    /// <summary>Where a request goes; null for nowhere.</summary>
    /// <param name="host">As <see cref="Http.HostName.Normalize"/> writes it.</param>
    /// <param name="path">As <see cref="Http.RequestPath.Normalize"/> writes it.</param>
    /// <param name="scratch">Room for patterns.</param>
    /// <param name="places">Gets the captures of the route's pattern; of <see cref="MostPlaces"/>.</param>
    public Route? Find(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, PatternScratch scratch, Span<int> places)
    {
        var routes = FindHost(host);
        return routes is null
            ? _any?.Find(path, scratch, places) ?? _any?.Fallback
            : routes.Find(path, scratch, places) ?? routes.Fallback ?? _any?.Fallback;
    }

    private HostRoutes? FindHost(ReadOnlySpan<byte> host)
    {
        if (_hosts.Count == 0 || host.IsEmpty)
        {
            return null;
        }

        // A host that begins with a dot would be a wildcard's key.
        var dot = host.IndexOf((byte)'.');
        return dot == 0 ? null : _hosts.Find(host) ?? (dot < 0 ? null : _hosts.Find(host[dot..]));
    }

    /// <summary>A wildcard's key is what follows its star.</summary>
    private static byte[] Key(string host) => Encoding.UTF8.GetBytes(host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host);
}
