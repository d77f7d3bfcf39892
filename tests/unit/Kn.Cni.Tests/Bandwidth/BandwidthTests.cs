using Kn.Cni.Bandwidth;
using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Tests.Bandwidth;

public sealed class BandwidthTests
{
    [Theory]
    [InlineData("1k", 1_000)]
    [InlineData("10M", 10_000_000)]
    [InlineData("1.5M", 1_500_000)]
    [InlineData("1P", 1_000_000_000_000_000)]
    [InlineData("10Mi", 10_485_760)]
    [InlineData("1Ki", 1_024)]
    [InlineData("1e6", 1_000_000)]
    [InlineData("2E4", 20_000)]
    [InlineData("25e2", 2_500)]
    [InlineData("1000000m", 1_000)]
    [InlineData("1000.4", 1_001)]
    [InlineData("+5k", 5_000)]
    public void Annotation_IsReadAsKubernetesReadsQuantities(string text, long bitsPerSecond)
    {
        Assert.Equal(new BandwidthLimits(new RateLimit((ulong)bitsPerSecond), null), BandwidthAnnotations.Read(Pod((BandwidthAnnotations.Ingress, text))));
        Assert.Equal(new BandwidthLimits(null, new RateLimit((ulong)bitsPerSecond)), BandwidthAnnotations.Read(Pod((BandwidthAnnotations.Egress, text))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fast")]
    [InlineData("10 M")]
    [InlineData("10m")]
    [InlineData("999")]
    [InlineData("1001T")]
    [InlineData("1E")]
    [InlineData("-10M")]
    [InlineData("10MB")]
    [InlineData("1e99")]
    [InlineData("99999999999999999999999999999E")]
    public void BadAnnotation_IsNamed(string text)
    {
        var error = Assert.Throws<CniException>(() => BandwidthAnnotations.Read(Pod((BandwidthAnnotations.Egress, text))));
        Assert.Equal(CniErrorCode.InvalidConfig, error.Code);
        Assert.Contains("kubernetes.io/egress-bandwidth of pod default/web", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoAnnotation_IsNoLimit() => Assert.Null(BandwidthAnnotations.Read(Pod()));

    [Theory]
    // 10 Mbit/s without a burst: 25 ms of it, and room for 50 ms more.
    [InlineData(10_000_000, 0, 1500, 1_250_000, 31_250, 93_750)]
    [InlineData(10_000_000, 800_000, 1500, 1_250_000, 100_000, 162_500)]
    // A bucket holds the largest packet whatever is asked for.
    [InlineData(1_000, 8, 1500, 125, 16_384, 32_768)]
    [InlineData(1_000, 8, 65535, 125, 65_599, 131_198)]
    public void Bucket_IsWhatWasAskedFor_AndHoldsTheLargestPacket(ulong rate, ulong burst, uint mtu, ulong bytesPerSecond, uint burstBytes, uint limitBytes)
    {
        Assert.Equal(new TokenBucket(bytesPerSecond, burstBytes, limitBytes), Shaping.BucketOf(new RateLimit(rate, burst), mtu));
    }

    [Fact]
    public void EveryLimit_HasABucketThatTheKernelCanTellBack()
    {
        foreach (var rate in (ulong[])[RateLimit.MinRate, 1_000_000, 100_000_000_000, RateLimit.MaxRate])
        {
            foreach (var burst in (ulong[])[0, 1, 8_000_000, int.MaxValue - 1, 10_000_000_000_000])
            {
                var bucket = Shaping.BucketOf(new RateLimit(rate, burst), 9000);
                Assert.True((double)bucket.BurstBytes / bucket.BytesPerSecond <= 274, $"{rate} {burst} {bucket}");
                Assert.True(Shaping.IsInPlace(new RateLimit(rate, burst), 9000, bucket));
                Assert.False(Shaping.IsInPlace(new RateLimit(rate, burst), 9000, null));
            }
        }

        Assert.True(Shaping.IsInPlace(null, 9000, null));
    }

    private static Pod Pod(params (string Name, string Value)[] annotations) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = "web", Annotations = ValueMap.Of<string, string>(annotations) },
    };
}
