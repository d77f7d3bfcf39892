using System.Collections;

namespace Kn;

/// <summary>A sequence in an order; equal elements stay as they came. Sorted anew each time that it is asked for its elements.</summary>
/// <remarks>Positions are what is sorted, so that one sort of integers serves elements of every type (docs/adr/0004-more-operators-of-our-own.md).</remarks>
public sealed class OrderedSequence<T> : IEnumerable<T>
{
    private readonly IEnumerable<T> _source;
    private readonly Comparison<T> _compare;

    internal OrderedSequence(IEnumerable<T> source, Comparison<T> compare)
    {
        _source = source;
        _compare = compare;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        var items = _source.ToArray();
        var places = new int[items.Length];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = i;
        }

        var compare = _compare;
        Array.Sort(places, (left, right) => compare(items[left], items[right]) is var order and not 0 ? order : left - right);
        foreach (var place in places)
        {
            yield return items[place];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Elements that are equal so far, by another comparison.</summary>
    internal OrderedSequence<T> Then(Comparison<T> next)
    {
        var first = _compare;
        return new OrderedSequence<T>(_source, (left, right) => first(left, right) is var order and not 0 ? order : next(left, right));
    }
}
