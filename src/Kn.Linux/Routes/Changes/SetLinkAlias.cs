using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>The second step of <see cref="CreateLink"/>: only sent when the first went well, or it would name somebody else's link.</summary>
internal sealed record SetLinkAlias(string Name, string Alias) : RouteChange
{
    public override string Operation => $"set the alias of link {Name}";

    internal override void Write(ref NetlinkWriter writer) => LinkMessages.WriteAlias(ref writer, Name, Alias);
}
