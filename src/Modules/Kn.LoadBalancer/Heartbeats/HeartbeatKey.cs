using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.LoadBalancer.Heartbeats;

/// <summary>The key that heartbeats are signed with: in a Secret that the first agent makes, so that who can read it is who can read the nodes'
/// Secrets; and in a file of each node's, for a start without the API server.</summary>
internal sealed class HeartbeatKey(Func<ApiClient?> api, string stateDirectory)
{
    /// <summary>Where the Secret is.</summary>
    public static readonly ObjectKey SecretKey = new("kube-system", "kn-heartbeat");

    private const string Field = "key";
    /// <summary>Its name in the state directory.</summary>
    public const string FileName = "heartbeat.key";

    private string Path => System.IO.Path.Combine(stateDirectory, FileName);

    /// <summary>The key that this node had last; null when it never had one.</summary>
    public byte[]? ReadFile()
    {
        try
        {
            var key = File.ReadAllBytes(Path);
            return key.Length == Heartbeat.KeyBytes ? key : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The cluster's key; made when there is none.</summary>
    /// <exception cref="ApiException">No answer, or a refusal.</exception>
    public async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        var client = api() ?? throw new ApiException(0, ApiException.Unreachable, "there is no API server yet");
        var secret = await client.GetAsync(ResourceKinds.Secrets, SecretKey, cancellationToken);
        if (secret is null)
        {
            try
            {
                await client.CreateAsync(ResourceKinds.Secrets.CollectionPath(SecretKey.Namespace), NewSecret(), cancellationToken);
            }
            catch (ApiException error) when (error.Status == 409)
            {
                // Another agent was faster: its key is the cluster's.
            }

            secret = await client.GetAsync(ResourceKinds.Secrets, SecretKey, cancellationToken);
        }

        if (secret is null || !secret.TryGet(Field, out var key) || key.Length != Heartbeat.KeyBytes)
        {
            throw new ApiException(422, "Invalid", $"the Secret {SecretKey} has no '{Field}' of {Heartbeat.KeyBytes} bytes; delete it, and another is made");
        }

        Save(key);
        return key;
    }

    private static ReadOnlyMemory<byte> NewSecret()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion"u8, "v1"u8);
            writer.WriteString("kind"u8, "Secret"u8);
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("namespace"u8, SecretKey.Namespace);
            writer.WriteString("name"u8, SecretKey.Name);
            writer.WriteEndObject();
            writer.WriteString("type"u8, "Opaque"u8);
            writer.WriteStartObject("data"u8);
            writer.WriteBase64String(Field, RandomNumberGenerator.GetBytes(Heartbeat.KeyBytes));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private void Save(byte[] key)
    {
        if (ReadFile() is { } known && known.AsSpan().SequenceEqual(key))
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(stateDirectory);
            var draft = Path + ".new";
            File.Delete(draft);
            using (var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                file.Write(key);
            }

            File.Move(draft, Path, overwrite: true);
        }
        catch (IOException)
        {
            // Only a start without the API server would have wanted it.
        }
    }
}
