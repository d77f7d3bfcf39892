using System.Numerics;

namespace Kn.Dns.Zone;

/// <summary>Finds pieces by a hash, by any number of threads while one thread changes it; readers take no lock and allocate nothing.</summary>
/// <remarks>
/// <para>Open addressing on two plain arrays. A place has the hash's upper half as its tag, whose highest bit is set, so that 0 means that
/// nothing ever was there. A tag is written before its piece becomes visible and never changes; a piece is put in the place of another of
/// the same key by one write, and removed by one that leaves the tag. When such dead places and the live ones fill two thirds, the live
/// ones move to new arrays, which become visible by one write. So a reader sees every key that was there before it began and still is.</para>
/// <para>Several pieces may have one hash: the reader compares keys, and goes on with the next.</para>
/// </remarks>
internal sealed class PieceTable
{
    private const uint Used = 0x8000_0000;
    private const int FewestPlaces = 64;

    private Places _places = new(FewestPlaces);
    private int _usedCount;

    /// <summary>How many pieces; one that has several keys is counted with each.</summary>
    public int Count { get; private set; }

    /// <summary>What is stored with that hash, and perhaps others.</summary>
    public Cursor Find(ulong hash) => new(Volatile.Read(ref _places), Tag(hash));

    /// <summary>Brings near what <see cref="Find"/> will look at for each of the hashes.</summary>
    /// <remarks>Look-ups of one query lean on each other, a miss of the processor's cache after another; those of different queries do not,
    /// so a loop over all of them has many misses under way at once.</remarks>
    /// <returns>A number that says nothing (<see cref="ZonePiece.ReadAhead"/>).</returns>
    public int ReadAhead(ReadOnlySpan<ulong> hashes)
    {
        var places = Volatile.Read(ref _places);
        var sum = 0;
        foreach (var hash in hashes)
        {
            var index = Tag(hash) & places.Mask;
            sum += (int)places.Tags[index] + (places.Pieces[index] is null ? 0 : 1);
        }

        foreach (var hash in hashes)
        {
            sum += Find(hash).Next()?.ReadAhead() ?? 0;
        }

        return sum;
    }

    /// <summary>Adds a piece.</summary>
    public void Add(ulong hash, ZonePiece piece)
    {
        if ((_usedCount + 1) * 3 > _places.Tags.Length * 2)
        {
            Move();
        }

        Put(_places, Tag(hash), piece);
        _usedCount++;
        Count++;
    }

    /// <summary>Puts a piece in the place of another that has the same key.</summary>
    /// <returns>False when the other is not there.</returns>
    public bool Replace(ulong hash, ZonePiece before, ZonePiece? after)
    {
        var places = _places;
        var tag = Tag(hash);
        for (var index = tag & places.Mask; places.Tags[index] != 0; index = (index + 1) & places.Mask)
        {
            if (places.Tags[index] == tag && ReferenceEquals(places.Pieces[index], before))
            {
                Volatile.Write(ref places.Pieces[index], after);
                Count -= after is null ? 1 : 0;
                return true;
            }
        }

        return false;
    }

    /// <summary>Removes a piece; nothing when it is not there.</summary>
    public void Remove(ulong hash, ZonePiece piece) => Replace(hash, piece, null);

    private static uint Tag(ulong hash) => (uint)(hash >> 32) | Used;

    private static void Put(Places places, uint tag, ZonePiece piece)
    {
        var index = tag & places.Mask;
        while (places.Tags[index] != 0)
        {
            index = (index + 1) & places.Mask;
        }

        Volatile.Write(ref places.Tags[index], tag);
        Volatile.Write(ref places.Pieces[index], piece);
    }

    private void Move()
    {
        var places = new Places((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(FewestPlaces, (Count + 1) * 2)));
        for (var index = 0; index < _places.Tags.Length; index++)
        {
            if (_places.Pieces[index] is { } piece)
            {
                Put(places, _places.Tags[index], piece);
            }
        }

        _usedCount = Count;
        Volatile.Write(ref _places, places);
    }

    /// <summary>The arrays, of one length that is a power of two.</summary>
    internal sealed class Places(int length)
    {
        public readonly uint[] Tags = new uint[length];
        public readonly ZonePiece?[] Pieces = new ZonePiece?[length];
        public readonly uint Mask = (uint)length - 1;
    }

    /// <summary>Goes through the pieces that may have a key.</summary>
    internal struct Cursor
    {
        private readonly Places _places;
        private readonly uint _tag;
        private uint _index;

        internal Cursor(Places places, uint tag)
        {
            _places = places;
            _tag = tag;
            _index = tag & places.Mask;
        }

        /// <summary>The next one; null when there is none.</summary>
        public ZonePiece? Next()
        {
            while (true)
            {
                var tag = Volatile.Read(ref _places.Tags[_index]);
                if (tag == 0)
                {
                    return null;
                }

                var index = _index;
                _index = (index + 1) & _places.Mask;
                if (tag == _tag && Volatile.Read(ref _places.Pieces[index]) is { } piece)
                {
                    return piece;
                }
            }
        }
    }
}
