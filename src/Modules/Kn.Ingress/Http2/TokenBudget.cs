namespace Kn.Ingress.Http2;

/// <summary>What a peer may do without being of use to anybody: a store that is used up by it, and filled by time and by use.</summary>
/// <param name="capacity">How much there is at most, and at first.</param>
/// <param name="perSecond">How much comes back by itself.</param>
internal struct TokenBudget(int capacity, int perSecond)
{
    private long _milli = capacity * 1000L;
    private long _since;

    /// <summary>Uses some up.</summary>
    /// <param name="count">How many.</param>
    /// <param name="now">Milliseconds of any clock.</param>
    /// <returns>False when there is none left.</returns>
    public bool TrySpend(int count, long now)
    {
        if (now > _since)
        {
            _milli = Math.Min(capacity * 1000L, _milli + (Math.Min(now - _since, 100_000) * perSecond));
            _since = now;
        }

        _milli -= count * 1000L;
        return _milli >= 0;
    }

    /// <summary>Gives some back.</summary>
    public void Earn(int count) => _milli = Math.Min(capacity * 1000L, _milli + (count * 1000L));
}
