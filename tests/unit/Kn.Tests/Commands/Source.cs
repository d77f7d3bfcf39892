namespace Kn.Tests.Commands;

/// <summary>The source tree that these tests belong to.</summary>
internal static class Source
{
    internal static string PathOf(params string[] parts)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Kn.sln")))
        {
            directory = directory.Parent;
        }

        var root = directory?.FullName ?? throw new InvalidOperationException("Kn.sln is in no parent folder of the tests");
        return Path.Combine([root, .. parts]);
    }
}
