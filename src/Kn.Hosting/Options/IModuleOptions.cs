namespace Kn.Hosting.Options;

/// <summary>A module's section of the config file; immutable, every default with its reason.</summary>
public interface IModuleOptions
{
    /// <summary>Reports everything that is wrong, not only the first fault.</summary>
    void Validate(OptionErrors errors);
}
