namespace Kn.Lab.Cni;

/// <summary>A plugin refused, or answered with something that is not CNI.</summary>
internal sealed class CniException(string plugin, string command, int? code, string message, string? details)
    : Exception($"plugin {plugin}, {command}: {message}{(code is { } number ? $" (code {number})" : "")}{(string.IsNullOrEmpty(details) ? "" : $": {details}")}")
{
    /// <summary>The plugin's error code (CNI specification 1.1, section 5); null when it gave none.</summary>
    public int? Code { get; } = code;
}
