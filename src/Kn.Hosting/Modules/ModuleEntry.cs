using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Options;

namespace Kn.Hosting.Modules;

/// <summary>A line of the list of modules: the name of its config section, how its options are read, how it is made.</summary>
public sealed class ModuleEntry
{
    private ModuleEntry(string name, bool enabledByDefault, JsonTypeInfo optionsType, Func<IModuleOptions> defaults, Func<IModuleOptions, IModule> create)
    {
        Name = name;
        EnabledByDefault = enabledByDefault;
        OptionsType = optionsType;
        Defaults = defaults;
        Create = create;
    }

    /// <summary>Name of the module and of its config section, in camelCase.</summary>
    public string Name { get; }

    /// <summary>Whether it runs when its section does not say <c>enabled</c>.</summary>
    public bool EnabledByDefault { get; }

    /// <summary>How the section is read; members that the type does not have are errors.</summary>
    public JsonTypeInfo OptionsType { get; }

    /// <summary>The options of an absent section.</summary>
    public Func<IModuleOptions> Defaults { get; }

    /// <summary>Makes the module; no I/O.</summary>
    public Func<IModuleOptions, IModule> Create { get; }

    /// <summary>Makes an entry.</summary>
    public static ModuleEntry Of<TOptions>(string name, bool enabledByDefault, JsonTypeInfo<TOptions> optionsType, Func<TOptions, IModule> create)
        where TOptions : class, IModuleOptions, new() =>
        new(name, enabledByDefault, optionsType, static () => new TOptions(), options => create((TOptions)options));
}
