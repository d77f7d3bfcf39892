namespace Kn;

/// <summary><c>Select</c> for all code below the namespace Kn, which finds it before System.Linq's.</summary>
/// <remarks>The framework's fuses chains of Where and Select by a virtual generic method. Native AOT must compile that for each pair of
/// value types that any two selectors could make: 12 MB of code here, half the binary. This one is an iterator and no more; see
/// docs/adr/0001-select-of-our-own.md.</remarks>
public static class SelectExtensions
{
    /// <summary>Projects each element when it is asked for.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
    {
        foreach (var item in source)
        {
            yield return selector(item);
        }
    }

    /// <summary>Projects each element and its position, from 0, when it is asked for.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)
    {
        var index = 0;
        foreach (var item in source)
        {
            yield return selector(item, index++);
        }
    }
}
