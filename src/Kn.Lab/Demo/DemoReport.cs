namespace Kn.Lab.Demo;

/// <summary>Runs the steps of the demo and prints, for each, what was expected and what happened.</summary>
internal sealed class DemoReport(TextWriter output, TimeProvider time)
{
    private int _passed;
    private int _failed;

    /// <summary>Whether nothing failed so far.</summary>
    public bool IsClean => _failed == 0;

    /// <summary>Runs one step; a failure or an exception counts and is printed, and the demo goes on.</summary>
    /// <param name="name">What is shown.</param>
    /// <param name="expected">What should happen.</param>
    /// <param name="runAsync">Does it.</param>
    public async Task StepAsync(string name, string expected, Func<Task<DemoOutcome>> runAsync)
    {
        var since = time.GetTimestamp();
        DemoOutcome outcome;
        try
        {
            outcome = await runAsync();
        }
#pragma warning disable CA1031 // The supervisor of steps: one that breaks has failed, and the next still has something to show.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            outcome = new DemoOutcome(false, e.Message);
        }

        _passed += outcome.IsGood ? 1 : 0;
        _failed += outcome.IsGood ? 0 : 1;
        await output.WriteLineAsync(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{(outcome.IsGood ? "ok  " : "FAIL")} {name} ({time.GetElapsedTime(since).TotalSeconds:0.0} s)\n       expected: {expected}\n       happened: {outcome.Happened}"));
    }

    /// <summary>Prints the sum.</summary>
    public Task FinishAsync() => output.WriteLineAsync($"demo: {_passed} passed, {_failed} failed");
}

/// <summary>How a step went.</summary>
internal sealed record DemoOutcome(bool IsGood, string Happened);
