using Kn.Dns.Fuzz;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>The fuzzer for seconds, from the corpus; <c>make fuzz</c> runs it for as long as one likes.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Briefly = TimeSpan.FromSeconds(2);

    [Fact]
    public void EveryMessageOfTheCorpus_CutAtEveryLength_AndSomeThousandsMore_BreakNoRule()
    {
        var corpus = Corpus.Read(CorpusFolder());
        Assert.True(corpus.Count > 30, "the corpus was not found");
        var fuzzer = new Fuzzer(corpus, seed: 1);
        fuzzer.Run(Briefly);
        Assert.True(fuzzer.Executions > 20_000);
        Assert.True(fuzzer.Kinds > 500);
    }

    private static string CorpusFolder()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Kn.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("not below the repository");
        }

        return Path.Combine(folder, "tests/fuzz/corpus/dns");
    }
}
