namespace Kn.Linux.Nftables;

/// <summary>What an operation of a batch does to its object.</summary>
public enum NftVerb
{
    /// <summary>Make it; an equal one that is there already is success.</summary>
    Add,

    /// <summary>Make it; EEXIST when it is there.</summary>
    Create,

    /// <summary>Make a rule before another, or first in its chain.</summary>
    Insert,

    /// <summary>Put a rule in the place of another.</summary>
    Replace,

    /// <summary>Remove it; ENOENT when it is absent.</summary>
    Delete,

    /// <summary>Remove it; absent is success (kernel 6.3).</summary>
    Destroy,

    /// <summary>Remove what is inside: the rules of a chain or a whole table, the elements of a set.</summary>
    Flush,
}
