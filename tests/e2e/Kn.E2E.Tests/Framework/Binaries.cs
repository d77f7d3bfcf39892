using System.Runtime.CompilerServices;

namespace Kn.E2E.Tests.Framework;

/// <summary>The native binaries under test: those of KN_BIN_DIR, else of the repository's out folder.</summary>
internal static class Binaries
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("KN_BIN_DIR") is { Length: > 0 } named
        ? named
        : Path.GetFullPath("../../../../out", Path.GetDirectoryName(ThisFile())!);

    /// <summary>The product.</summary>
    public static string Kn => Find("kn");

    /// <summary>The lab.</summary>
    public static string KnLab => Find("kn-lab");

    private static string Find(string name)
    {
        var path = Path.Combine(Folder, name);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: 'make build' makes it, KN_BIN_DIR says where it is");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
