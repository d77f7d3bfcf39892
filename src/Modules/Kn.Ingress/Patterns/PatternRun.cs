namespace Kn.Ingress.Patterns;

/// <summary>One match of a pattern with a text.</summary>
internal readonly ref struct PatternRun
{
    private readonly ReadOnlySpan<PatternStep> _steps;
    private readonly ReadOnlySpan<ByteSet> _sets;
    private readonly ReadOnlySpan<byte> _text;
    private readonly PatternScratch _scratch;
    private readonly int _places;

    public PatternRun(ReadOnlySpan<PatternStep> steps, ReadOnlySpan<ByteSet> sets, ReadOnlySpan<byte> text, PatternScratch scratch, int places)
    {
        _steps = steps;
        _sets = sets;
        _text = text;
        _scratch = scratch;
        _places = places;
    }

    /// <summary>Whether the text matches, and where.</summary>
    public bool TryMatch(Span<int> places)
    {
        _scratch.Prepare(_steps.Length, _places);
        Span<int> start = stackalloc int[_places];
        start.Fill(-1);
        var isMatch = false;
        AddThreads(_scratch.Now, 0, 0, start);
        for (var at = 0; at <= _text.Length && _scratch.Now.Count > 0; at++)
        {
            _scratch.Next.Clear();
            isMatch |= Advance(at, places);
            _scratch.Swap();
        }

        return isMatch;
    }

    /// <summary>Every thread takes the byte; one that matches ends those of less right.</summary>
    private bool Advance(int at, Span<int> places)
    {
        var now = _scratch.Now;
        for (var thread = 0; thread < now.Count; thread++)
        {
            var step = _steps[now.Step(thread)];
            if (step.Operation == PatternOperation.Match)
            {
                now.Places(thread).CopyTo(places);
                return true;
            }

            if (step.Operation == PatternOperation.Take && at < _text.Length && _sets[step.First].Has(_text[at]))
            {
                AddThreads(_scratch.Next, now.Step(thread) + 1, at + 1, now.Places(thread));
            }
        }

        return false;
    }

    /// <summary>Adds a thread, and those that it becomes without taking a byte.</summary>
    private void AddThreads(PatternThreads threads, int step, int at, Span<int> places)
    {
        if (!threads.TryAdd(step, out var thread))
        {
            return;
        }

        var (operation, first, second) = _steps[step];
        switch (operation)
        {
            case PatternOperation.Jump:
                AddThreads(threads, first, at, places);
                break;
            case PatternOperation.Split:
                AddThreads(threads, first, at, places);
                AddThreads(threads, second, at, places);
                break;
            case PatternOperation.Save:
                var before = places[first];
                places[first] = at;
                AddThreads(threads, step + 1, at, places);
                places[first] = before;
                break;
            case PatternOperation.AtStart when at == 0:
            case PatternOperation.AtEnd when at == _text.Length:
                AddThreads(threads, step + 1, at, places);
                break;
            default:
                places.CopyTo(threads.Places(thread));
                break;
        }
    }
}
