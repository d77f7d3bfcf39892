namespace Kn.Hosting.Options.Yaml;

/// <summary>The file is not the YAML that a config is made of.</summary>
internal sealed class YamlSyntaxException(YamlPosition position, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Where.</summary>
    internal YamlPosition Position { get; } = position;
}
