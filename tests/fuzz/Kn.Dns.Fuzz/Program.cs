using System.Diagnostics;
using System.Globalization;
using Kn.Dns.Fuzz;

// Kn.Dns.Fuzz CORPUS [SECONDS] [SEED]; KN_FUZZ_KEEP=1 puts messages that showed new ways into the corpus.
const string Instrumented = "KN_FUZZ_INSTRUMENTED";
if (Environment.GetEnvironmentVariable(Instrumented) is null)
{
    return RunInstrumented(args);
}

var folder = args.Length > 0 ? args[0] : "tests/fuzz/corpus/dns";
var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 600;
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.TickCount;
var corpus = Corpus.Read(folder);
Console.WriteLine($"dns fuzz: {corpus.Count} messages, {seconds} s, seed {seed}");
var fuzzer = new Fuzzer(corpus, seed);
try
{
    fuzzer.Run(TimeSpan.FromSeconds(seconds), static line => Console.WriteLine(line));
}
catch (FuzzFailure failure)
{
    var path = Corpus.Write(folder, "failure", failure.Input, failure.Message.Split('\n')[0]);
    Console.WriteLine($"FAILED after {fuzzer.Executions} messages, kept as {path}\n{failure}");
    return 1;
}

if (Environment.GetEnvironmentVariable("KN_FUZZ_KEEP") is not null)
{
    foreach (var message in fuzzer.Discoveries)
    {
        Corpus.Write(folder, "found", message, "showed a way through the code that no message before it did");
    }
}

Console.WriteLine($"dns fuzz: {fuzzer.Executions} messages, {Coverage.Ways} ways through the code, {fuzzer.Kinds} kinds of outcome, no failure");
return 0;

// The code under test is rewritten in a copy of this program, which then does the work.
static int RunInstrumented(string[] arguments)
{
    var copy = Directory.CreateTempSubdirectory("kn-fuzz-").FullName;
    try
    {
        var blocks = Instrumentation.Copy(AppContext.BaseDirectory, copy);
        Console.WriteLine($"dns fuzz: {blocks} blocks of code tell of themselves");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(copy, "Kn.Dns.Fuzz.dll"), .. arguments]);
        start.Environment[Instrumented] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.WaitForExit();
        return process.ExitCode;
    }
    finally
    {
        Directory.Delete(copy, recursive: true);
    }
}
