namespace Kn.Bgp.Ribs;

/// <summary>A prefix with its paths.</summary>
internal struct RibRow
{
    internal PrefixKey Key;

    /// <summary>The next row of the same bucket; 0: none.</summary>
    internal int NextInBucket;

    /// <summary>0: none.</summary>
    internal int FirstPath;

    /// <summary>How many peers were told of it or are to be: while there are any, its number may not be given to another prefix.</summary>
    internal ushort Users;

    internal RowFlags Flags;
}

/// <summary>Marks of a row.</summary>
[Flags]
internal enum RowFlags : byte
{
    None = 0,

    /// <summary>The row is a prefix; without, its number is free.</summary>
    InUse = 1,

    /// <summary>Paths changed since the last decision.</summary>
    Dirty = 2,

    /// <summary>The best path was replaced or went.</summary>
    BestTouched = 4,

    /// <summary>One of the paths that were in use was replaced or went.</summary>
    SetTouched = 8,
}

/// <summary>A path to a prefix.</summary>
internal struct RibPath
{
    /// <summary>Number in the table of attributes.</summary>
    internal int Attributes;

    /// <summary>The next path to the same prefix; 0: none.</summary>
    internal int Next;

    /// <summary>Number of the peer that told it.</summary>
    internal ushort Peer;

    internal PathFlags Flags;
}

/// <summary>Marks of a path.</summary>
[Flags]
internal enum PathFlags : byte
{
    None = 0,

    /// <summary>Its peer is away, or is telling everything again.</summary>
    Stale = 1,

    /// <summary>Left out by the import policy, or it came in a loop.</summary>
    Rejected = 2,

    /// <summary>The one that is told to others.</summary>
    Best = 4,

    /// <summary>One of those that packets take.</summary>
    InUse = 8,
}
