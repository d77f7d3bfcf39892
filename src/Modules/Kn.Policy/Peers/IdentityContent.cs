using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Peers;

/// <summary>What rules can tell of an address: the pod that has it, and the ipBlocks that it lies in.</summary>
/// <param name="Pod">What policies see of the pod; null for an address that no pod has.</param>
/// <param name="Blocks">The blocks, in the order of <see cref="AddressSpace"/>.</param>
internal sealed record IdentityContent(PeerIdentity? Pod, ValueList<IpBlock> Blocks)
{
    /// <summary>Whether it is a pod of a namespace that is known: what an empty namespaceSelector means.</summary>
    public bool IsPodOfKnownNamespace => Pod?.NamespaceLabels is not null;

    /// <summary>A hash that is the same in every process.</summary>
    public StableHash Hash()
    {
        var hash = Pod?.AddTo(StableHash.Start.Add(1)) ?? StableHash.Start;
        foreach (var block in Blocks)
        {
            hash = hash.Add(block.Cidr).Add((uint)block.Except.Count);
            foreach (var except in block.Except)
            {
                hash = hash.Add(except);
            }
        }

        return hash;
    }
}

/// <summary>A content with a number, which stands for it in the table. There is one object for equal contents.</summary>
internal sealed class Identity(uint number, IdentityContent content)
{
    /// <summary>The lowest number: 0 is an address that nothing is known of.</summary>
    public const uint FirstNumber = 2;

    /// <summary>The bit in the numbers of all pods of known namespaces (<see cref="IdentityContent.IsPodOfKnownNamespace"/>), and of nobody else.</summary>
    public const uint PodBit = 0x8000_0000;

    /// <summary>The number.</summary>
    public uint Number { get; } = number;

    /// <summary>What it stands for.</summary>
    public IdentityContent Content { get; } = content;

    /// <summary>How many addresses and ranges have it.</summary>
    public int Uses { get; set; }
}
