using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Api;

/// <summary>Lists objects as they are now, past the cache.</summary>
public static class ObjectListing
{
    private const int PageSize = 500;

    /// <summary>All objects of a kind that can be read, as of one moment not before the call: for who must not miss what another has just written.</summary>
    /// <exception cref="ApiException">No answer, or a refusal.</exception>
    public static async Task<IReadOnlyList<T>> ListAsync<T>(this ApiClient client, ResourceKind<T> kind, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var items = new List<T>();
        var strings = new StringPool();
        var next = "";
        do
        {
            // Without a resourceVersion: the most recent state (api-concepts, "Semantics for get and list").
            var path = $"{kind.ListPath}?limit={PageSize}{(next.Length > 0 ? "&continue=" + Uri.EscapeDataString(next) : "")}";
            using var response = await client.OpenAsync(path, cancellationToken);
            try
            {
                var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
                next = (await new ListPageReader(new JsonStreamWindow(stream), json => Take(kind, json, strings, items)).ReadAsync(cancellationToken)).Continue;
            }
            catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException)
            {
                throw new ApiException(0, ApiException.Unreachable, $"{client.Server}: {error.Message}", error);
            }
        }
        while (next.Length > 0);
        return items;
    }

    private static void Take<T>(ResourceKind<T> kind, ReadOnlySpan<byte> json, StringPool strings, List<T> items)
        where T : KubernetesObject
    {
        try
        {
            items.Add(kind.Decode(json, strings));
        }
        catch (ObjectDecodeException)
        {
            // The informer reports it.
        }
    }
}
