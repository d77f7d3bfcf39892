using System.Text.Json;

namespace Kn.Cni.Protocol;

/// <summary>How fast a container may receive and send; null in a direction without a limit.</summary>
/// <param name="Ingress">What the container receives.</param>
/// <param name="Egress">What it sends.</param>
/// <remarks>CNI conventions, capability <c>bandwidth</c>.</remarks>
public sealed record BandwidthLimits(RateLimit? Ingress, RateLimit? Egress)
{
    /// <summary>Reads the member <c>bandwidth</c>; null when it limits nothing.</summary>
    internal static BandwidthLimits? Read(JsonElement config, string path)
    {
        if (!JsonMembers.TryFindObject(config, path, "bandwidth", out var item))
        {
            return null;
        }

        path += ".bandwidth";
        var ingress = RateLimit.Read(item, path, "ingressRate", "ingressBurst");
        var egress = RateLimit.Read(item, path, "egressRate", "egressBurst");
        return ingress is null && egress is null ? null : new BandwidthLimits(ingress, egress);
    }
}

/// <summary>A limit of one direction.</summary>
/// <param name="BitsPerSecond">From <see cref="MinRate"/> to <see cref="MaxRate"/>.</param>
/// <param name="BurstBits">What may pass at once after a pause; 0 when the runtime does not say.</param>
public readonly record struct RateLimit(ulong BitsPerSecond, ulong BurstBits = 0)
{
    /// <summary>1k, the least that Kubernetes takes in the annotations (k8s.io/kubernetes/pkg/util/bandwidth).</summary>
    public const ulong MinRate = 1_000;

    /// <summary>1P, the most.</summary>
    public const ulong MaxRate = 1_000_000_000_000_000;

    /// <summary>Runtimes that know a rate only put the largest number of their type here: kubelets of old 2^31-1, containerd and CRI-O 2^32-1.
    /// Taken literally the first 512 MB would pass without any limit.</summary>
    private const ulong UnstatedFrom = int.MaxValue;

    internal static RateLimit? Read(JsonElement item, string path, string rateName, string burstName)
    {
        var rate = JsonMembers.ReadNumber(item, path, rateName, ulong.MaxValue) ?? 0;
        var burst = JsonMembers.ReadNumber(item, path, burstName, ulong.MaxValue) ?? 0;
        if (rate == 0)
        {
            return burst == 0 ? null : throw new CniException(CniErrorCode.InvalidConfig, $"{path}.{burstName}: needs {rateName} beside it");
        }

        return rate is >= MinRate and <= MaxRate
            ? new RateLimit(rate, burst >= UnstatedFrom ? 0 : burst)
            : throw JsonMembers.Invalid($"{path}.{rateName}", $"bits per second from {MinRate} (1k) to {MaxRate} (1P), or 0 for no limit");
    }
}
