using System.Text;
using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Makes a link; EEXIST when the name is taken.</summary>
/// <param name="Link">Its kind and properties.</param>
public sealed record CreateLink(LinkSpec Link) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"create {Encoding.ASCII.GetString(Link.Kind)} {Link.Name}";

    internal override void Write(ref NetlinkWriter writer) => LinkMessages.WriteCreate(ref writer, Link);
}
