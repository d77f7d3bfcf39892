using Kn.Ingress.Patterns;

namespace Kn.Ingress.Features;

/// <summary>Room for deciding on requests, of one thread. What is in it holds until the next request.</summary>
internal sealed class FeatureScratch
{
    /// <summary>For patterns.</summary>
    public PatternScratch Patterns { get; } = new();

    /// <summary>Places of a path's captures.</summary>
    public int[] Places { get; } = new int[Routing.RouteTable.MostPlaces];

    /// <summary>The target that the backend is asked for.</summary>
    public byte[] Target { get; } = new byte[64 << 10];

    /// <summary>The host that the backend is asked for.</summary>
    public byte[] Host { get; } = new byte[512];

    /// <summary>Fields that the backend gets.</summary>
    public byte[] RequestLines { get; } = new byte[16 << 10];

    /// <summary>Fields that the client gets.</summary>
    public byte[] AnswerLines { get; } = new byte[16 << 10];

    /// <summary>How much of <see cref="AnswerLines"/> there is.</summary>
    public int AnswerLength { get; set; }
}
