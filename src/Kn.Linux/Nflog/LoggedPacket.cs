namespace Kn.Linux.Nflog;

/// <summary>A packet that a rule logged.</summary>
/// <param name="Headers">Who sends what to whom.</param>
public sealed record LoggedPacket(PacketHeaders Headers)
{
    /// <summary>Stands for packets that were logged and not received.</summary>
    public static LoggedPacket Lost { get; } = new(default(PacketHeaders));

    /// <summary>The rule's prefix; empty for none.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>The packet's mark.</summary>
    public uint Mark { get; init; }

    /// <summary>The link that it came by, by its index; 0 when it is the node's own.</summary>
    public int InputLink { get; init; }

    /// <summary>The link that it would have left by; 0 where that was not known yet.</summary>
    public int OutputLink { get; init; }

    /// <summary>The hook, NF_INET_*: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting.</summary>
    public byte Hook { get; init; }
}
