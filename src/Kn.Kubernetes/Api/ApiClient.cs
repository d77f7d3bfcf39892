using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Authentication;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Api;

/// <summary>Speaks to one API server: JSON over HTTP/2, all watches on one connection; HTTP/1.1 where the server has nothing better.</summary>
/// <remarks>Safe for many threads. Every failure is an <see cref="ApiException"/>, except a kubeconfig's own
/// (<see cref="KubeconfigException"/>) and cancellation.</remarks>
public sealed class ApiClient : IDisposable
{
    /// <summary>Content type of an RFC 7386 merge patch.</summary>
    public const string MergePatch = "application/merge-patch+json";

    /// <summary>Content type of a strategic merge patch, for built-in kinds.</summary>
    public const string StrategicMergePatch = "application/strategic-merge-patch+json";

    /// <summary>Content type of an RFC 6902 patch.</summary>
    public const string JsonPatch = "application/json-patch+json";

    private const string Json = "application/json";
    private const int LargestErrorBody = 64 << 10;
    private static readonly TimeSpan s_unaryTimeout = TimeSpan.FromSeconds(30);
    private readonly ApiConnection _connection;
    private readonly ApiCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly ProductInfoHeaderValue _userAgent;

    /// <summary>Prepares a client; nothing is connected or read until the first request.</summary>
    public ApiClient(ApiConnection connection, TimeProvider? time = null)
    {
        _connection = connection;
        _time = time ?? TimeProvider.System;
        _credentials = new ApiCredentials(connection, _time);
        _userAgent = new ProductInfoHeaderValue("kn", Version());
    }

    /// <summary>The server's URL.</summary>
    public Uri Server => _connection.Server;

    /// <summary>Reads an object or a list whole.</summary>
    public Task<byte[]> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, default, cancellationToken);

    /// <summary>Reads one object; null when there is none.</summary>
    /// <exception cref="ObjectDecodeException">The object is not what its kind says.</exception>
    public async Task<T?> GetAsync<T>(ResourceKind<T> kind, ObjectKey key, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        try
        {
            return kind.Decode(await GetAsync(kind.PathOf(key), cancellationToken), new StringPool());
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Creates an object; returns it as stored. A name that is taken is a 409 with reason AlreadyExists.</summary>
    /// <param name="path">The collection, such as /apis/events.k8s.io/v1/namespaces/default/events.</param>
    /// <param name="json">The object.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<byte[]> CreateAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, Json, json, cancellationToken);

    /// <summary>Replaces an object; with a resourceVersion in it, only if it still has that one (409 Conflict).</summary>
    public Task<byte[]> ReplaceAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, path, Json, json, cancellationToken);

    /// <summary>Patches an object or, with /status at the path's end, its status.</summary>
    /// <param name="path">The object's path.</param>
    /// <param name="contentType">One of this class's constants.</param>
    /// <param name="json">The patch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<byte[]> PatchAsync(string path, string contentType, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, path, contentType, json, cancellationToken);

    /// <summary>Deletes an object; absent is success.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, null, default, cancellationToken);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // As wanted.
        }
    }

    /// <summary>Starts to read a body of any length, such as a watch. The caller disposes the response.</summary>
    /// <remarks>Reading the body may throw <see cref="IOException"/> or <see cref="HttpRequestException"/> when the connection dies.</remarks>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken) =>
        SendRequestAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _credentials.Dispose();

    private async Task<byte[]> SendAsync(
        HttpMethod method, string path, string? contentType, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        using var content = contentType is null ? null : new ReadOnlyMemoryContent(json);
        if (content is not null)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue(contentType ?? Json);
        }

        using var timeout = new CancellationTokenSource(s_unaryTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var response = await SendRequestAsync(method, path, content, either.Token);
            return await response.Content.ReadAsByteArrayAsync(either.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(0, ApiException.Unreachable, $"{Server}: no answer within {s_unaryTimeout.TotalSeconds} s", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error);
        }
    }

    private async Task<HttpResponseMessage> SendRequestAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        var (transport, token) = _credentials.Current();
        using var request = Request(method, path, token);
        request.Content = content;
        HttpResponseMessage response;
        try
        {
            response = await transport.SendAsync(request, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusalAsync(response, cancellationToken);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? token)
    {
        var url = new Uri(_connection.Server.AbsoluteUri.TrimEnd('/') + path);
        var request = new HttpRequestMessage(method, url)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
        request.Headers.UserAgent.Add(_userAgent);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (_connection.TlsServerName is { } name)
        {
            // SocketsHttpHandler takes the name for SNI and for the certificate from the Host header.
            request.Headers.Host = name;
        }

        return request;
    }

    private async Task<ApiException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            _credentials.Doubt();
        }

        var body = new byte[LargestErrorBody];
        var length = 0;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // The status line has to do.
        }

        var refusal = StatusJson.Read(body.AsSpan(0, length), (int)response.StatusCode);
        return new ApiException((int)response.StatusCode, refusal.Reason, refusal.Detail) { RetryAfter = RetryAfter(response) };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    private ApiException Unreachable(Exception error)
    {
        var cause = error.InnerException is AuthenticationException or IOException ? error.InnerException : error;
        return new ApiException(0, ApiException.Unreachable, $"{Server}: {cause.Message}", error);
    }

    private static string Version()
    {
        var version = typeof(ApiClient).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[..plus];
    }
}
