using System.Runtime.CompilerServices;
using Kn.Lab.Processes;

namespace Kn.E2E.Tests.Dns;

/// <summary>resolve.c, linked with either C library; made anew for each lab, in its folder.</summary>
internal sealed class ResolverPrograms
{
    private readonly string _folder;

    private ResolverPrograms(string folder) => _folder = folder;

    /// <summary>The program of a library.</summary>
    public string this[Resolver library] => Path.Combine(_folder, library == Resolver.Musl ? "resolve-musl" : "resolve-glibc");

    /// <summary>Compiles both.</summary>
    public static async Task<ResolverPrograms> MakeAsync(string folder)
    {
        var programs = new ResolverPrograms(folder);
        var source = Path.Combine(Path.GetDirectoryName(ThisFile())!, "resolve.c");
        await Task.WhenAll(
            RunAsync("musl-gcc", "-static", "-O", "-o", programs[Resolver.Musl], source),
            RunAsync("gcc", "-O", "-o", programs[Resolver.Glibc], source, "-lresolv"));
        return programs;
    }

    private static async Task RunAsync(params string[] command)
    {
        var result = await ProgramStart.RunAsync(null, command, null, "", CancellationToken.None);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)} (build/deps.sh installs it): {result.Errors}");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
