using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>The kernel refused a batch; nothing of it was done.</summary>
public sealed class NftException : Exception
{
    /// <summary>Says which operation was refused first.</summary>
    /// <param name="operation">The operation; null where the batch as a whole was refused.</param>
    /// <param name="element">The element of an <see cref="ElementsOperation"/> that was refused, where the kernel said which.</param>
    /// <param name="refusals">How many messages were refused in all.</param>
    /// <param name="error">The error number and the kernel's words.</param>
    public NftException(NftOperation? operation, NftElement? element, int refusals, NetlinkException error)
        : base(Describe(element, refusals, error), error)
    {
        Operation = operation;
        Element = element;
        Refusals = refusals;
        Error = error;
    }

    /// <summary>The operation that was refused first; null where the batch as a whole was.</summary>
    public NftOperation? Operation { get; }

    /// <summary>The element that was refused, where the kernel said which.</summary>
    public NftElement? Element { get; }

    /// <summary>How many messages of the batch were refused.</summary>
    public int Refusals { get; }

    /// <summary>The error number and the kernel's words.</summary>
    public NetlinkException Error { get; }

    /// <summary>The kernel's error number.</summary>
    public Errno Errno => Error.Errno;

    private static string Describe(NftElement? element, int refusals, NetlinkException error)
    {
        var text = error.Message;
        text += element is null ? string.Empty : $" (element with key {element.Key})";
        return refusals > 1 ? $"{text}; {refusals - 1} more operations of the batch were refused" : text;
    }
}
