namespace Kn.Hosting.Options;

/// <summary>Collects what is wrong with a section of the config file.</summary>
public sealed class OptionErrors
{
    private readonly List<OptionError> _errors = [];

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<OptionError> All => _errors;

    /// <summary>Reports an error unless the condition holds.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="property">The option's name as C# has it (nameof); a path such as <c>Peers[2].Address</c> for nested ones.</param>
    /// <param name="expectation">What was expected, e.g. "must be longer than zero".</param>
    public void Require(bool condition, string property, string expectation)
    {
        if (!condition)
        {
            _errors.Add(new OptionError(property, expectation));
        }
    }
}

/// <summary>One fault of an option.</summary>
/// <param name="Property">The option, by its C# name.</param>
/// <param name="Expectation">What was expected.</param>
public readonly record struct OptionError(string Property, string Expectation);
