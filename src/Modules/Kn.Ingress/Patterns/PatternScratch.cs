namespace Kn.Ingress.Patterns;

/// <summary>Room for matching patterns, of one thread: nothing is allocated once it has the size of the largest pattern.</summary>
internal sealed class PatternScratch
{
    /// <summary>Threads that take the byte at hand.</summary>
    internal PatternThreads Now { get; private set; } = new();

    /// <summary>Threads that take the next.</summary>
    internal PatternThreads Next { get; private set; } = new();

    /// <summary>Makes room for a pattern.</summary>
    internal void Prepare(int steps, int places)
    {
        Now.Prepare(steps, places);
        Next.Prepare(steps, places);
    }

    /// <summary>The next byte is at hand.</summary>
    internal void Swap() => (Now, Next) = (Next, Now);
}

/// <summary>Threads of an automaton, in the order of their right; each step at most once (a sparse set, Briggs and Torczon 1993).</summary>
internal sealed class PatternThreads
{
    private int[] _steps = [];
    private int[] _at = [];
    private int[] _places = [];
    private int _placeCount;

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>Makes room.</summary>
    public void Prepare(int steps, int places)
    {
        Count = 0;
        _placeCount = places;
        if (_steps.Length < steps)
        {
            _steps = new int[steps];
            _at = new int[steps];
        }

        if (_places.Length < steps * places)
        {
            _places = new int[steps * places];
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = 0;

    /// <summary>The step of a thread.</summary>
    public int Step(int thread) => _steps[thread];

    /// <summary>The places that a thread remembers.</summary>
    public Span<int> Places(int thread) => _places.AsSpan(thread * _placeCount, _placeCount);

    /// <summary>Adds a thread; false when its step has one already.</summary>
    public bool TryAdd(int step, out int thread)
    {
        thread = _at[step];
        if (thread < Count && _steps[thread] == step)
        {
            return false;
        }

        thread = Count++;
        _steps[thread] = step;
        _at[step] = thread;
        return true;
    }
}
