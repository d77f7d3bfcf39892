using Kn.Policy.Planning;

namespace Kn.Policy.Peers;

/// <summary>A class as the table has it: who may use which ports.</summary>
internal sealed class ClassState(uint number, PolicyClass content)
{
    /// <summary>The number in its chain's name.</summary>
    public uint Number { get; } = number;

    /// <summary>What it is.</summary>
    public PolicyClass Content { get; } = content;

    /// <summary>The name of its chain, and of the map that the chain asks.</summary>
    public string Name { get; } = $"{(content.Direction == PolicyDirection.Ingress ? "in" : "out")}-{number:x8}";

    /// <summary>What an identity may use that has no entry.</summary>
    public Profile WithoutEntry(Identity identity) => identity.Content.IsPodOfKnownNamespace ? AnyPod : Anybody;

    /// <summary>How many addresses lead to it.</summary>
    public int Uses { get; set; }

    /// <summary>What its rules say, peer by peer.</summary>
    public List<ClassTerm> Terms { get; set; } = [];

    /// <summary>What everybody may use.</summary>
    public Profile Anybody { get; set; } = ProfileTable.None;

    /// <summary>What every pod may use: that, and what rules allow to all namespaces.</summary>
    public Profile AnyPod { get; set; } = ProfileTable.None;

    /// <summary>What some may use beyond that.</summary>
    public Dictionary<Identity, Profile> Entries { get; set; } = [];
}

/// <summary>A peer and what it may use.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Fixed">Ports whose numbers are known.</param>
/// <param name="Named">Ports that each peer has by name, for egress; null for none.</param>
internal sealed record ClassTerm(PeerGroup Peer, PortSet Fixed, IReadOnlyList<PortSpec>? Named);
