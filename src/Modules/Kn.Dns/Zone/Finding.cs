using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>What a name leads to, before the type is looked at.</summary>
internal readonly ref struct Finding(AnswerRule rule)
{
    /// <summary>What the name is.</summary>
    public AnswerRule Rule { get; } = rule;

    /// <summary>The piece that speaks of it.</summary>
    public ZonePiece? Piece { get; init; }

    /// <summary>An endpoint's label, or a port's without its underscore.</summary>
    public ReadOnlySpan<byte> Label { get; init; }

    /// <summary>A port's protocol.</summary>
    public IpProtocol Protocol { get; init; }

    /// <summary>A pod's address, or one that names are asked for.</summary>
    public IpAddress Address { get; init; }
}
