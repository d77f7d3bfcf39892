using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A chain: a base chain that a hook enters, or a regular one that rules jump to.</summary>
public sealed record NftChain(string Name)
{
    /// <summary>Where packets enter; null for a regular chain.</summary>
    public NftHook? Hook { get; init; }

    /// <summary>The comment in the chain's user data.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number of this chain, 0 where it was not read from the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>The rules, first to last.</summary>
    public ValueList<NftRule> Rules { get; init; }

    /// <summary>Attributes of the kernel that this type has no property for.</summary>
    public ValueList<UnknownAttribute> Unknown { get; init; }

    /// <summary>A base chain.</summary>
    public static NftChain Base(string name, NftChainType type, NftHookPoint point, int priority, NftPolicy policy = NftPolicy.Accept) =>
        new(name) { Hook = new NftHook(type, point, priority, policy) };

    /// <summary>A regular chain with these rules.</summary>
    public static NftChain Of(string name, params ReadOnlySpan<NftRule> rules) => new(name) { Rules = ValueList.Create(rules) };

    /// <summary>This chain with these rules in place of its own.</summary>
    public NftChain With(params ReadOnlySpan<NftRule> rules) => this with { Rules = ValueList.Create(rules) };

    internal NftChain AsDeclared() => this with
    {
        Handle = 0,
        Unknown = default,
        Rules = Rules.Select(static rule => rule.AsDeclared()).ToValueList(),
    };
}
