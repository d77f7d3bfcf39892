using System.Globalization;
using Kn.Dns.Fuzz;

// Kn.Dns.Fuzz CORPUS [SECONDS] [SEED]
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
    var path = Corpus.Write(folder, failure.Input, failure.Message.Split('\n')[0]);
    Console.WriteLine($"FAILED after {fuzzer.Executions} messages, kept as {path}\n{failure}");
    return 1;
}

Console.WriteLine($"dns fuzz: {fuzzer.Executions} messages, {fuzzer.Kinds} kinds of outcome, no failure");
return 0;
