namespace Kn.Linux.Routes;

/// <summary>What decides in which order, and when, packets leave a link.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Handle">Its number, the major part in the high 16 bits; 0 for the kernel's default.</param>
/// <param name="Parent">The class that it hangs on; <see cref="Root"/> for the link itself.</param>
/// <param name="Kind">As <c>tc</c> names it: noqueue, fq_codel, tbf, …</param>
/// <param name="TokenBucket">Its settings, of a tbf.</param>
/// <remarks>struct tcmsg, uapi/linux/rtnetlink.h.</remarks>
public sealed record Qdisc(int LinkIndex, uint Handle, uint Parent, string Kind, TokenBucket? TokenBucket)
{
    /// <summary>TC_H_ROOT.</summary>
    public const uint Root = uint.MaxValue;

    /// <summary>True when it decides for the whole link.</summary>
    public bool IsRoot => Parent == Root;
}
