namespace Kn.ServiceProxy.Tables;

/// <summary>Counts who wants an element that several Service ports may share.</summary>
internal sealed class SharedClaims
{
    private readonly Dictionary<ElementIdentity, int> _counts = [];

    /// <summary>Makes room for that many, before many come.</summary>
    public void EnsureCapacity(int elements) => _counts.EnsureCapacity(elements);

    /// <summary>True when nobody wanted it before.</summary>
    public bool Add(ElementIdentity element)
    {
        var count = _counts.GetValueOrDefault(element);
        _counts[element] = count + 1;
        return count == 0;
    }

    /// <summary>True when nobody wants it any more.</summary>
    public bool Remove(ElementIdentity element)
    {
        var count = _counts.GetValueOrDefault(element);
        if (count > 1)
        {
            _counts[element] = count - 1;
            return false;
        }

        return _counts.Remove(element);
    }
}
