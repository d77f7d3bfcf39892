using System.Buffers;
using System.Text.Json;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Leases;

/// <summary>A Lease on an API server.</summary>
/// <param name="client">Gives the server; an answer of null counts as an unreachable one.</param>
/// <param name="key">Namespace and name of the Lease.</param>
public sealed class ApiLeaseStore(Func<ApiClient?> client, ObjectKey key) : ILeaseStore
{
    /// <inheritdoc/>
    public Task<Lease?> ReadAsync(CancellationToken cancellationToken) => Client().GetAsync(LeaseJson.Kind, key, cancellationToken);

    /// <inheritdoc/>
    public async Task<Lease> CreateAsync(Lease lease, CancellationToken cancellationToken)
    {
        var named = lease with { Metadata = lease.Metadata with { Namespace = key.Namespace, Name = key.Name } };
        return Decode(await Client().CreateAsync(LeaseJson.Kind.CollectionPath(key.Namespace), Encode(named), cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<Lease> ReplaceAsync(Lease lease, CancellationToken cancellationToken) =>
        Decode(await Client().ReplaceAsync(LeaseJson.Kind.PathOf(key), Encode(lease), cancellationToken));

    private static Lease Decode(byte[] json) => LeaseJson.Kind.Decode(json, new StringPool());

    private static ReadOnlyMemory<byte> Encode(Lease lease)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            LeaseJson.Kind.Encode(writer, lease);
        }

        return buffer.WrittenMemory;
    }

    private ApiClient Client() => client() ?? throw new ApiException(0, ApiException.Unreachable, "there is no API server yet");
}
