using Kn.Hosting.Modules;

namespace Kn;

/// <summary>The modules, in start order; they stop in reverse. A module is one line here and one folder under src/Modules.</summary>
internal static class ModuleList
{
    /// <summary>Every module that this binary has.</summary>
    internal static IReadOnlyList<ModuleEntry> All { get; } =
    [
    ];
}
