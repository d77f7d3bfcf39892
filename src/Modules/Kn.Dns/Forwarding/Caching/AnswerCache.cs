namespace Kn.Dns.Forwarding.Caching;

/// <summary>Upstreams' answers, as many as their bytes allow. Any number of threads look up, without a lock and without allocating; storing
/// takes one.</summary>
/// <remarks>
/// <para>What goes when it is full is decided by S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): new
/// entries wait in a small queue, a tenth of the whole, and enter the main queue only when they were asked for twice meanwhile, or come
/// back soon after they had to go. A flood of random names therefore turns over that tenth and nothing else.</para>
/// <para>A look-up may pass an entry by that a thread moves to a larger table at that moment, or see one that has just been replaced; the
/// first costs a question to an upstream, the second nothing. Entries that a reader still holds are the garbage collector's care.</para>
/// </remarks>
internal sealed class AnswerCache
{
    private const int InitialBuckets = 256;
    private const int SmallShare = 10;
    private const int LargestShare = 16;

    private readonly Lock _lock = new();
    private readonly long _maxBytes;
    private readonly EvictionQueue _small = new();
    private readonly EvictionQueue _main = new();
    private CachedAnswer?[] _buckets = new CachedAnswer?[InitialBuckets];
    private uint[] _ghosts = new uint[InitialBuckets];
    private int _count;
    private long _evictions;

    /// <summary>An empty one.</summary>
    /// <param name="maxBytes">What all entries may take; 0 keeps none.</param>
    public AnswerCache(long maxBytes) => _maxBytes = maxBytes;

    /// <summary>How many entries there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What they take.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _small.Bytes + _main.Bytes;
            }
        }
    }

    /// <summary>Entries that had to go for others, so far.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>The entry of a question, which may have ended; null when there is none.</summary>
    public CachedAnswer? Find(in QuestionKey key)
    {
        var buckets = Volatile.Read(ref _buckets);
        for (var entry = Volatile.Read(ref buckets[Slot(buckets.Length, key.Hash)]); entry is not null; entry = Volatile.Read(ref entry.Next))
        {
            if (entry.Answers(key))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Stores an answer in place of an earlier one to the same question. One that is very large is not kept: it would push out hundreds.</summary>
    public void Store(CachedAnswer answer)
    {
        if (answer.Cost > _maxBytes / LargestShare)
        {
            return;
        }

        lock (_lock)
        {
            var key = QuestionKey.Of(answer.Question, answer.Bits);
            var earlier = Find(key);
            if (earlier is not null)
            {
                Replace(earlier, answer);
            }
            else
            {
                GrowIfFull();
                Link(answer);
                (TakeGhost(answer.Hash) ? _main : _small).Add(answer);
                Volatile.Write(ref _count, _count + 1);
            }

            while (_small.Bytes + _main.Bytes > _maxBytes)
            {
                EvictOne();
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    /// <returns>How many entries there were, and what they took.</returns>
    public (int Entries, long Bytes) Clear()
    {
        lock (_lock)
        {
            var all = (_count, _small.Bytes + _main.Bytes);
            Array.Clear(_ghosts);
            while (_small.Oldest is { } entry)
            {
                Drop(entry);
            }

            while (_main.Oldest is { } entry)
            {
                Drop(entry);
            }

            return all;
        }
    }

    private static int Slot(int length, ulong hash) => (int)(hash & (uint)(length - 1));

    private void Replace(CachedAnswer earlier, CachedAnswer answer)
    {
        answer.Succeed(earlier);
        var queue = earlier.Queue ?? _small;
        Link(answer);
        Unlink(earlier);
        queue.Remove(earlier);
        queue.Add(answer);
    }

    private void Link(CachedAnswer answer)
    {
        ref var head = ref _buckets[Slot(_buckets.Length, answer.Hash)];
        answer.Next = head;
        Volatile.Write(ref head, answer);
    }

    private void Unlink(CachedAnswer answer)
    {
        ref var place = ref _buckets[Slot(_buckets.Length, answer.Hash)];
        while (place is not null && !ReferenceEquals(place, answer))
        {
            place = ref place.Next;
        }

        // Its own link stays: a reader who stands on it finds on.
        Volatile.Write(ref place, answer.Next);
    }

    private void EvictOne()
    {
        if (_small.Oldest is { } young && (_small.Bytes > _maxBytes / SmallShare || _main.Oldest is null))
        {
            if (young.IsReused)
            {
                _small.Remove(young);
                _main.Add(young);
                return;
            }

            _ghosts[Slot(_ghosts.Length, young.Hash)] = Fingerprint(young.Hash);
            Evict(young);
        }
        else if (_main.Oldest is { } old)
        {
            if (old.TakeUse())
            {
                _main.Remove(old);
                _main.Add(old);
                return;
            }

            Evict(old);
        }
    }

    private void Evict(CachedAnswer answer)
    {
        Drop(answer);
        Interlocked.Increment(ref _evictions);
    }

    private void Drop(CachedAnswer answer)
    {
        Unlink(answer);
        answer.Queue?.Remove(answer);
        Volatile.Write(ref _count, _count - 1);
    }

    /// <summary>True when an entry of that hash had to leave the small queue lately.</summary>
    private bool TakeGhost(ulong hash)
    {
        ref var ghost = ref _ghosts[Slot(_ghosts.Length, hash)];
        var known = ghost == Fingerprint(hash);
        ghost = known ? 0 : ghost;
        return known;
    }

    /// <summary>Never 0, which is an empty place; of other bits than the slot.</summary>
    private static uint Fingerprint(ulong hash) => (uint)(hash >> 32) | 1;

    private void GrowIfFull()
    {
        if (_count < _buckets.Length)
        {
            return;
        }

        var earlier = _buckets;
        var larger = new CachedAnswer?[earlier.Length * 2];
        foreach (var head in earlier)
        {
            for (var entry = head; entry is not null;)
            {
                var next = entry.Next;
                ref var place = ref larger[Slot(larger.Length, entry.Hash)];
                Volatile.Write(ref entry.Next, place);
                place = entry;
                entry = next;
            }
        }

        // Places, not entries: ghosts need not move, they only fade sooner.
        _ghosts = new uint[larger.Length];
        Volatile.Write(ref _buckets, larger);
    }
}
