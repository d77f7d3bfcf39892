namespace Kn.Dns.Forwarding.Caching;

/// <summary>Entries in the order in which they came, and what they take; an entry stands in one queue at most. Not thread-safe.</summary>
internal sealed class EvictionQueue
{
    private CachedAnswer? _oldest;
    private CachedAnswer? _newest;

    /// <summary>What its entries take.</summary>
    public long Bytes { get; private set; }

    /// <summary>The entry that has been here longest.</summary>
    public CachedAnswer? Oldest => _oldest;

    /// <summary>Puts one at the end.</summary>
    public void Add(CachedAnswer answer)
    {
        answer.Queue = this;
        answer.Older = _newest;
        answer.Newer = null;
        if (_newest is null)
        {
            _oldest = answer;
        }
        else
        {
            _newest.Newer = answer;
        }

        _newest = answer;
        Bytes += answer.Cost;
    }

    /// <summary>Takes one out, wherever it stands.</summary>
    public void Remove(CachedAnswer answer)
    {
        if (answer.Older is null)
        {
            _oldest = answer.Newer;
        }
        else
        {
            answer.Older.Newer = answer.Newer;
        }

        if (answer.Newer is null)
        {
            _newest = answer.Older;
        }
        else
        {
            answer.Newer.Older = answer.Older;
        }

        answer.Older = null;
        answer.Newer = null;
        answer.Queue = null;
        Bytes -= answer.Cost;
    }
}
