using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Kn.Lab.Api;

/// <summary>A thin JSON client of any Kubernetes API server: objects are trees, refusals are <see cref="ApiException"/>.</summary>
/// <remarks>Thread-safe. HTTP/2 where the server offers it, so that all watches share a connection.</remarks>
public sealed class ApiClient : IDisposable
{
    private const int PageSize = 500;
    private readonly HttpClient _http;
    private readonly SocketsHttpHandler _handler;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    public ApiClient(ClusterAccess access, string userAgent = "kn-lab")
    {
        Access = access;
        _handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            AutomaticDecompression = DecompressionMethods.None,
            SslOptions = TlsOptions(access),
        };
        _http = new HttpClient(_handler)
        {
            BaseAddress = access.Server,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
        if (access.Token is { } token)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Where this client goes.</summary>
    public ClusterAccess Access { get; }

    /// <summary>A client of the kubeconfig's current context.</summary>
    public static ApiClient FromKubeconfig(string path, string userAgent = "kn-lab") => new(ClusterAccess.FromKubeconfig(path), userAgent);

    /// <summary>Reads one object.</summary>
    /// <exception cref="ApiException">404 and every other refusal.</exception>
    public Task<JsonObject> GetAsync(ApiResource resource, string? @namespace, string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, resource.Path(@namespace, name), null, null, cancellationToken);

    /// <summary>Reads one object, null when it does not exist.</summary>
    /// <exception cref="ApiException">Every refusal but 404.</exception>
    public async Task<JsonObject?> TryGetAsync(ApiResource resource, string? @namespace, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(resource, @namespace, name, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Reads a whole collection, page by page; <paramref name="selectors"/> is a query such as "labelSelector=a%3Db".</summary>
    /// <exception cref="ApiException">410 when the pages took longer than the server keeps history; the caller lists again.</exception>
    public async Task<ApiList> ListAsync(ApiResource resource, string? @namespace, string? selectors, CancellationToken cancellationToken)
    {
        var items = new List<JsonObject>();
        string? next = null;
        while (true)
        {
            var query = $"?limit={PageSize}{(selectors is null ? "" : "&" + selectors)}{(next is null ? "" : "&continue=" + Uri.EscapeDataString(next))}";
            var page = await SendAsync(HttpMethod.Get, resource.Path(@namespace) + query, null, null, cancellationToken);
            foreach (var item in page.Maps("items"))
            {
                item["apiVersion"] = resource.ApiVersion;
                item["kind"] = resource.Kind;
                items.Add(item);
            }

            next = page.Text("metadata", "continue");
            if (string.IsNullOrEmpty(next))
            {
                return new ApiList(page.ResourceVersion(), items);
            }
        }
    }

    /// <summary>Follows a collection from a resourceVersion on until the server ends the stream (it does, every few minutes).</summary>
    /// <exception cref="ApiException">The server sent an ERROR event or refused; 410 means list again.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        ApiResource resource, string? @namespace, string resourceVersion, string? selectors, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = $"?watch=1&allowWatchBookmarks=true&resourceVersion={resourceVersion}{(selectors is null ? "" : "&" + selectors)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, resource.Path(@namespace) + query);
        Prepare(request);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowOnRefusalAsync(response, cancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            var change = JsonNode.Parse(line) as JsonObject;
            var type = change.Text("type") ?? "";
            var body = change.Map("object") ?? [];
            if (type == "ERROR")
            {
                throw new ApiException((int)(body.Number("code") ?? 500), body.Text("reason") ?? "", body.Text("message") ?? line);
            }

            yield return new WatchEvent(type, body);
        }
    }

    /// <summary>Creates an object and returns it as the server completed it.</summary>
    /// <exception cref="ApiException">409 AlreadyExists, 422 Invalid and every other refusal.</exception>
    public Task<JsonObject> CreateAsync(ApiResource resource, string? @namespace, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, resource.Path(@namespace), body, "application/json", cancellationToken);

    /// <summary>Posts to a subresource that is an action: binding, eviction.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public Task<JsonObject> PostAsync(ApiResource resource, string? @namespace, string name, string subresource, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, resource.Path(@namespace, name, subresource), body, "application/json", cancellationToken);

    /// <summary>Replaces an object or a subresource (status) by its metadata's name; a resourceVersion in it guards against other writers.</summary>
    /// <exception cref="ApiException">409 Conflict when it was changed since.</exception>
    public Task<JsonObject> ReplaceAsync(ApiResource resource, JsonObject body, string? subresource, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, resource.Path(body.Namespace(), body.Name(), subresource), body, "application/json", cancellationToken);

    /// <summary>Patches an object or a subresource.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public Task<JsonObject> PatchAsync(
        ApiResource resource, string? @namespace, string name, string? subresource, JsonNode patch, PatchKind kind, CancellationToken cancellationToken)
    {
        var type = kind switch
        {
            PatchKind.Json => "application/json-patch+json",
            PatchKind.Strategic => "application/strategic-merge-patch+json",
            _ => "application/merge-patch+json",
        };
        return SendAsync(HttpMethod.Patch, resource.Path(@namespace, name, subresource), patch, type, cancellationToken);
    }

    /// <summary>Deletes an object; <paramref name="options"/> is a DeleteOptions body (gracePeriodSeconds, preconditions, propagationPolicy).</summary>
    /// <exception cref="ApiException">404 when it is gone already.</exception>
    public Task<JsonObject> DeleteAsync(ApiResource resource, string? @namespace, string name, JsonObject? options, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, resource.Path(@namespace, name), options, "application/json", cancellationToken);

    /// <summary>Deletes an object, and says nothing when it does not exist.</summary>
    /// <exception cref="ApiException">Every refusal but 404.</exception>
    public async Task EnsureDeletedAsync(ApiResource resource, string? @namespace, string name, JsonObject? options, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(resource, @namespace, name, options, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            // Somebody was faster, which is what we wanted.
        }
    }

    /// <summary>Any JSON document of the server: discovery, version.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public Task<JsonObject> GetPathAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, null, cancellationToken);

    /// <summary>Sends one request and reads the object that answers it.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public async Task<JsonObject> SendAsync(HttpMethod method, string pathAndQuery, JsonNode? body, string? contentType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, pathAndQuery);
        Prepare(request);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body.ToUtf8());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType ?? "application/json");
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowOnRefusalAsync(response, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonNode.ParseAsync(stream, cancellationToken: cancellationToken) as JsonObject
            ?? throw new ApiException(500, "", $"{method} {pathAndQuery}: the answer is not an object");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    private static void Prepare(HttpRequestMessage request) => request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));

    private static async Task ThrowOnRefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw ApiException.FromStatus((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(ClusterAccess access)
    {
        var options = new SslClientAuthenticationOptions();
        if (access.ServerName is { } name)
        {
            options.TargetHost = name;
        }

        if (access.ClientCertificate is { } certificate)
        {
            options.ClientCertificates = [certificate];
        }

        if (access.Authorities.Count > 0)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(access.Authorities);
        }

        return options;
    }
}
