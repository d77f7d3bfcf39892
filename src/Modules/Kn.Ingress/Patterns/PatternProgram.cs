namespace Kn.Ingress.Patterns;

/// <summary>Makes a program of a pattern's parts.</summary>
internal sealed class PatternProgram
{
    /// <summary>A step costs a few nanoseconds for each byte of a path, at worst all of them do.</summary>
    private const int MaxSteps = 400;

    private readonly string _text;
    private readonly List<PatternStep> _steps = [];
    private readonly List<ByteSet> _sets = [];

    private PatternProgram(string text) => _text = text;

    /// <summary>The steps, and the sets that they name.</summary>
    /// <exception cref="PatternException">They are too many.</exception>
    public static (PatternStep[] Steps, ByteSet[] Sets) Make(string text, PatternNode root, bool isSearch)
    {
        var program = new PatternProgram(text);
        if (isSearch)
        {
            program.Emit(new PatternNode.Repeat(new PatternNode.One(~default(ByteSet)), 0, null, IsLazy: true));
        }

        program.Emit(new PatternNode.Capture(root, 0));
        program.Add(new PatternStep(PatternOperation.Match));
        return ([.. program._steps], [.. program._sets]);
    }

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.One one:
                Add(new PatternStep(PatternOperation.Take, NumberOf(one.Set)));
                break;
            case PatternNode.Edge edge:
                Add(new PatternStep(edge.IsStart ? PatternOperation.AtStart : PatternOperation.AtEnd));
                break;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case PatternNode.Capture capture:
                Add(new PatternStep(PatternOperation.Save, capture.Number * 2));
                Emit(capture.Part);
                Add(new PatternStep(PatternOperation.Save, (capture.Number * 2) + 1));
                break;
            case PatternNode.Choice choice:
                EmitChoice(choice);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
        }
    }

    private void EmitChoice(PatternNode.Choice choice)
    {
        var ends = new List<int>();
        for (var index = 0; index < choice.Branches.Count; index++)
        {
            var isLast = index == choice.Branches.Count - 1;
            var split = isLast ? -1 : Add(default);
            Emit(choice.Branches[index]);
            if (!isLast)
            {
                ends.Add(Add(default));
                _steps[split] = new PatternStep(PatternOperation.Split, split + 1, _steps.Count);
            }
        }

        ends.ForEach(end => _steps[end] = new PatternStep(PatternOperation.Jump, _steps.Count));
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        for (var count = 0; count < repeat.Least; count++)
        {
            Emit(repeat.Part);
        }

        if (repeat.Most is not { } most)
        {
            var loop = Add(default);
            Emit(repeat.Part);
            Add(new PatternStep(PatternOperation.Jump, loop));
            _steps[loop] = Split(loop + 1, _steps.Count, repeat.IsLazy);
            return;
        }

        var splits = new List<int>();
        for (var count = repeat.Least; count < most; count++)
        {
            splits.Add(Add(default));
            Emit(repeat.Part);
        }

        splits.ForEach(split => _steps[split] = Split(split + 1, _steps.Count, repeat.IsLazy));
    }

    private static PatternStep Split(int inside, int after, bool isLazy) =>
        isLazy ? new PatternStep(PatternOperation.Split, after, inside) : new PatternStep(PatternOperation.Split, inside, after);

    private int NumberOf(ByteSet set)
    {
        var known = _sets.IndexOf(set);
        if (known >= 0)
        {
            return known;
        }

        _sets.Add(set);
        return _sets.Count - 1;
    }

    private int Add(PatternStep step)
    {
        if (_steps.Count == MaxSteps)
        {
            throw new PatternException($"'{_text}' is too large a pattern: it has more than {MaxSteps} steps");
        }

        _steps.Add(step);
        return _steps.Count - 1;
    }
}
