using Kn.Linux.Netlink;

namespace Kn.Linux.Routes;

/// <summary>One thing to change over rtnetlink; many are sent at once by <see cref="RouteSocket.Apply"/>.</summary>
/// <remarks>An Ensure or Remove that finds things as they should be has succeeded.</remarks>
public abstract record RouteChange
{
    private protected RouteChange()
    {
    }

    /// <summary>What it does, for messages.</summary>
    public abstract string Operation { get; }

    /// <summary>True for the refusal that means: it is so already.</summary>
    internal virtual bool IsDoneAlready(Errno errno) => false;

    internal abstract void Write(ref NetlinkWriter writer);

    /// <inheritdoc/>
    public sealed override string ToString() => Operation;
}
