using System.Buffers;
using System.Text.Json;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Api;

/// <summary>Writes status.loadBalancer of Services and Ingresses.</summary>
public static class LoadBalancerStatus
{
    /// <summary>Writes the entries, or clears them all, if the object is still what the caller has seen.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="kind">Services or Ingresses.</param>
    /// <param name="seen">The object that the entries were made for, from the cache.</param>
    /// <param name="entries">What status.loadBalancer.ingress is to be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when nothing was written because the object has changed, or is gone: the cache is about to say so.</returns>
    /// <remarks>The object is read first, because the cache's resourceVersion is not always the latest (<see cref="ClusterCache"/>): the patch
    /// names the version that was compared, so that whoever led before cannot overwrite what is newer.</remarks>
    /// <exception cref="ApiException">No answer, or a refusal.</exception>
    public static async Task<bool> WriteLoadBalancerAsync<T>(
        this ApiClient client, ResourceKind<T> kind, T seen, ValueList<LoadBalancerEntry> entries, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var current = await client.GetAsync(kind, seen.Key, cancellationToken);
        if (current is null || !current.IsSameAs(seen))
        {
            return false;
        }

        try
        {
            await client.PatchAsync(kind.PathOf(seen.Key) + "/status", ApiClient.MergePatch, Patch(current.Metadata, entries), cancellationToken);
            return true;
        }
        catch (ApiException error) when (error.Status is 409 or 404)
        {
            return false;
        }
    }

    /// <summary>The merge patch; null takes the list away (RFC 7386).</summary>
    internal static ReadOnlyMemory<byte> Patch(ObjectMeta metadata, ValueList<LoadBalancerEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("uid"u8, metadata.Uid);
            writer.WriteString("resourceVersion"u8, metadata.ResourceVersion);
            writer.WriteEndObject();
            writer.WriteStartObject("status"u8);
            writer.WriteStartObject("loadBalancer"u8);
            if (entries.IsEmpty)
            {
                writer.WriteNull("ingress"u8);
            }
            else
            {
                WriteEntries(writer, entries);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    internal static void WriteEntries(Utf8JsonWriter writer, ValueList<LoadBalancerEntry> entries)
    {
        writer.WriteStartArray("ingress"u8);
        foreach (var entry in entries)
        {
            writer.WriteStartObject();
            writer.WriteNonEmpty("ip"u8, entry.Ip?.ToString());
            writer.WriteNonEmpty("hostname"u8, entry.Hostname);
            writer.WriteNonEmpty("ipMode"u8, entry.IpMode);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}

/// <summary>An entry of status.loadBalancer.ingress, as it is written.</summary>
/// <param name="Ip">The address; null when there is a host name instead.</param>
/// <param name="Hostname">The host name; null when there is an address.</param>
/// <param name="IpMode">Services with an address only: VIP when the nodes' proxies answer for it, Proxy when something before them does (KEP-1860).</param>
public readonly record struct LoadBalancerEntry(IpAddress? Ip, string? Hostname = null, string? IpMode = null);
