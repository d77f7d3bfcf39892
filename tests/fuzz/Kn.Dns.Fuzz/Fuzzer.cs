using System.Diagnostics;

namespace Kn.Dns.Fuzz;

/// <summary>Feeds messages to the wire reader, the check of upstreams' answers and the cache: first each of the corpus cut at every length and with
/// every byte turned, then changed ones for as long as there is time. A message that takes a new way through the code (<see cref="Coverage"/>), or
/// whose outcome is of a new kind, is changed further.</summary>
/// <remarks>The kind of outcome (faults, flags, how many records of which types could be read) says more than ways where code is all loops, and is
/// all there is where the code is not instrumented, as in the unit tests.</remarks>
internal sealed class Fuzzer
{
    private const int MaxPool = 20_000;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(30);

    private readonly List<byte[]> _pool;
    private readonly HashSet<ulong> _kinds = [];
    private readonly List<byte[]> _discoveries = [];
    private bool _isSystematic = true;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly Targets _targets = new();

    /// <summary>A run over these messages that a seed repeats.</summary>
    public Fuzzer(IEnumerable<byte[]> corpus, int seed)
    {
        _pool = [.. corpus];
        _random = new Random(seed);
        _mutator = new Mutator(_random);
    }

    /// <summary>Messages tried.</summary>
    public long Executions { get; private set; }

    /// <summary>Kinds of outcome seen.</summary>
    public int Kinds => _kinds.Count;

    /// <summary>Changed messages that took a new way, not only a known one more often.</summary>
    public IReadOnlyList<byte[]> Discoveries => _discoveries;

    /// <summary>Runs; the systematic part always to its end.</summary>
    /// <exception cref="FuzzFailure">A rule was broken.</exception>
    public void Run(TimeSpan time, Action<string>? report = null)
    {
        var watch = Stopwatch.StartNew();
        foreach (var message in _pool.ToArray())
        {
            CutEverywhere(message);
        }

        _isSystematic = false;
        var next = ReportEvery;
        while (watch.Elapsed < time)
        {
            for (var n = 0; n < 256; n++)
            {
                // Half of the time one of the newest: it has led somewhere that nothing led before.
                var from = _random.Next(2) == 0 ? _random.Next(_pool.Count) : Math.Max(0, _pool.Count - 1 - _random.Next(64));
                Try(_mutator.Mutate(_pool[from], _pool[_random.Next(_pool.Count)]));
            }

            if (watch.Elapsed > next)
            {
                next += ReportEvery;
                report?.Invoke($"{watch.Elapsed.TotalSeconds:0} s: {Executions} messages, {Coverage.Ways} ways, {Kinds} kinds of outcome");
            }
        }
    }

    private void CutEverywhere(byte[] message)
    {
        for (var length = 0; length <= message.Length; length++)
        {
            Try(message[..length]);
        }

        for (var at = 0; at < message.Length; at++)
        {
            foreach (var value in (byte[])[0, 1, 0x3F, 0xC0, 0xFF, (byte)~message[at]])
            {
                var changed = message.ToArray();
                changed[at] = value;
                Try(changed);
            }
        }
    }

    private void Try(byte[] message)
    {
        Executions++;
        ulong kind;
        Coverage.Begin();
        try
        {
            kind = _targets.Try(message);
        }
        catch (Exception exception) when (exception is not FuzzFailure)
        {
            throw new FuzzFailure(message, $"it threw {exception.GetType().Name}: {exception.Message}", exception);
        }

        var discovery = Coverage.End();
        if (discovery == Discovery.Way && !_isSystematic)
        {
            _discoveries.Add(message);
        }

        if ((_kinds.Add(kind) | discovery != Discovery.Nothing) && _pool.Count < MaxPool)
        {
            _pool.Add(message);
        }
    }
}
