using System.Runtime.CompilerServices;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>Expected texts beside the tests; written anew only with KN_UPDATE_GOLDEN=1.</summary>
internal static class Golden
{
    internal static string Read(string name, string actual, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "Cases", name);
        if (Environment.GetEnvironmentVariable("KN_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        return File.ReadAllText(path);
    }
}
