using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Informers;

/// <content>Listing: pages, decoded while they arrive, applied as one snapshot.</content>
internal sealed partial class Reflector
{
    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var difference = new ListDifference(Kind, _cache.Current);
        var count = 0;
        var next = "";
        var page = default(ListPage);
        do
        {
            page = await ListPageAsync(next, json => count += TakeItem(json, difference), cancellationToken);
            next = page.Continue;
        }
        while (next.Length > 0);

        _cache.Apply(Kind, difference, CacheOrigin.Api);
        _resourceVersion = page.ResourceVersion;
        _watchesWithoutProgress = 0;
        if (_hasListed)
        {
            _counters.CountRelist();
        }

        _hasListed = true;
        Log.Listed(Kind.Name, count, page.ResourceVersion);
    }

    /// <summary>Reads one page.</summary>
    /// <exception cref="ApiException">Also 410, when the continue token is too old: then the list starts over, without it.</exception>
    private async Task<ListPage> ListPageAsync(string next, ItemHandler onItem, CancellationToken cancellationToken)
    {
        var path = $"{Kind.ListPath}?limit={_context.Options.PageSize}{Selector()}"
            + (next.Length > 0 ? "&continue=" + Uri.EscapeDataString(next) : "");
        using var silence = new CancellationTokenSource(_context.Options.ListTimeout, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var response = await _client.OpenAsync(path, either.Token);
        var stream = await response.Content.ReadAsStreamAsync(either.Token);
        return await new ListPageReader(new JsonStreamWindow(stream), onItem).ReadAsync(either.Token);
    }

    private int TakeItem(ReadOnlySpan<byte> json, ListDifference difference)
    {
        try
        {
            difference.Add(Kind.DecodeObject(json, _context.Strings));
            return 1;
        }
        catch (ObjectDecodeException error)
        {
            Skip(error);
            if (error.Key is { } key)
            {
                difference.Keep(key);
            }

            return 0;
        }
    }
}
