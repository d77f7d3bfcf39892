using System.Diagnostics;

namespace Kn.NetnsTests;

/// <summary>Waits for a condition with a deadline, for what the kernel does in its own time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Returns when the condition holds; fails the test when it does not within 20 seconds.</summary>
    public static void True(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Limit, $"not within {Limit}: {what}");
            Thread.Sleep(5);
        }
    }
}
