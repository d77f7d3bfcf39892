namespace Kn;

/// <summary>Sequences made of nothing.</summary>
public static class Sequence
{
    /// <summary>Numbers that follow each other.</summary>
    /// <param name="start">The first.</param>
    /// <param name="count">How many.</param>
    public static IEnumerable<int> Range(int start, int count)
    {
        for (var i = 0; i < count; i++)
        {
            yield return start + i;
        }
    }
}
