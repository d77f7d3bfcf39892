using System.Numerics;

namespace Kn.Dns.Zone;

/// <summary>Finds pieces by a hash, by any number of threads while one thread changes it; readers take no lock and allocate nothing.</summary>
/// <remarks>
/// <para>Open addressing on one plain array. A place has the hash's upper half as its tag, whose highest bit is set, so that 0 means that
/// nothing ever was there. A tag is written before its piece becomes visible and never changes; a piece is put in the place of another of
/// the same key by one write, and removed by one that leaves the tag. When such dead places and the live ones fill two thirds, the live
/// ones move to a new array, which becomes visible by one write. So a reader sees every key that was there before it began and still is.</para>
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
            sum += (int)places.All[Tag(hash) & places.Mask].Tag;
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
        if ((_usedCount + 1) * 3 > _places.All.Length * 2)
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
        for (var index = tag & places.Mask; places.All[index].Tag != 0; index = (index + 1) & places.Mask)
        {
            ref var place = ref places.All[index];
            if (place.Tag == tag && ReferenceEquals(place.Piece, before))
            {
                Volatile.Write(ref place.Piece, after);
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
        while (places.All[index].Tag != 0)
        {
            index = (index + 1) & places.Mask;
        }

        Volatile.Write(ref places.All[index].Tag, tag);
        Volatile.Write(ref places.All[index].Piece, piece);
    }

    private void Move()
    {
        var places = new Places((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(FewestPlaces, (Count + 1) * 2)));
        foreach (ref var place in _places.All.AsSpan())
        {
            if (place.Piece is { } piece)
            {
                Put(places, place.Tag, piece);
            }
        }

        _usedCount = Count;
        Volatile.Write(ref _places, places);
    }

    /// <summary>The places; their number is a power of two.</summary>
    internal sealed class Places(int length)
    {
        public readonly Place[] All = new Place[length];
        public readonly uint Mask = (uint)length - 1;
    }

    /// <summary>Tag and piece side by side: a look-up that waits for one has the other.</summary>
    internal struct Place
    {
        public uint Tag;
        public ZonePiece? Piece;
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
                ref var place = ref _places.All[_index];
                var tag = Volatile.Read(ref place.Tag);
                if (tag == 0)
                {
                    return null;
                }

                _index = (_index + 1) & _places.Mask;
                if (tag == _tag && Volatile.Read(ref place.Piece) is { } piece)
                {
                    return piece;
                }
            }
        }
    }
}
