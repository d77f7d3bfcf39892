using Kn.Hosting.Modules;

namespace Kn.Hosting.Options;

/// <summary>The whole config file, checked.</summary>
public sealed record AgentOptions
{
    /// <summary>What concerns all modules.</summary>
    public required NodeOptions Node { get; init; }

    /// <summary>The kubeconfig file; default /etc/kn/kubeconfig.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>Section <c>log</c>.</summary>
    public required LogOptions Log { get; init; }

    /// <summary>Section <c>listen</c>.</summary>
    public required ListenOptions Listen { get; init; }

    /// <summary>Every known module, in the order of the list.</summary>
    public required IReadOnlyList<ModuleSection> Modules { get; init; }
}

/// <summary>A module's section.</summary>
/// <param name="Entry">Which module.</param>
/// <param name="Enabled">Whether it runs; a module that does not is cleaned up at the start.</param>
/// <param name="Options">Its options, defaults included.</param>
public sealed record ModuleSection(ModuleEntry Entry, bool Enabled, IModuleOptions Options)
{
    /// <summary>Makes the module.</summary>
    public IModule Create() => Entry.Create(Options);
}
