namespace Kn.Hosting.Options;

/// <summary>A fault in the config file, for the person who wrote it.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">From 1; 0 when the fault is not at a place.</param>
/// <param name="Column">From 1; 0 when the fault is not at a place.</param>
/// <param name="Path">The option, such as <c>serviceProxy.nodePortAddresses[1]</c>; empty for the whole file.</param>
/// <param name="Message">What is wrong, and what was expected.</param>
public sealed record ConfigError(string File, int Line, int Column, string Path, string Message)
{
    /// <summary><c>FILE:LINE:COL: path: message</c>, which editors and terminals turn into links.</summary>
    public override string ToString()
    {
        var place = Line == 0 ? File : $"{File}:{Line}:{Column}";
        return Path.Length == 0 ? $"{place}: {Message}" : $"{place}: {Path}: {Message}";
    }
}
