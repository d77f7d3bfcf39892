using Kn.Hosting.Options;

namespace Kn.Routes.Bgp.Options;

/// <summary>How paths are watched (RFC 5880), config section <c>routes.bgp.bfd</c>.</summary>
public sealed record BgpBfdOptions
{
    /// <summary>Between two packets, each way. Default 250 ms: three of them lost, and traffic is elsewhere within a second.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many packets must be lost. Default 3, as everybody's.</summary>
    public byte Multiplier { get; init; } = 3;

    internal void Validate(OptionErrors errors, string prefix)
    {
        errors.Require(Interval >= TimeSpan.FromMilliseconds(10) && Interval <= TimeSpan.FromSeconds(60), prefix + nameof(Interval), "must be from 10ms to 60s");
        errors.Require(Multiplier > 0, prefix + nameof(Multiplier), "must be from 1 to 255");
    }
}
