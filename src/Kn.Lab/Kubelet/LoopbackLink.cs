using Kn.Linux.Namespaces;
using Kn.Linux.Routes;

namespace Kn.Lab.Kubelet;

/// <summary>lo of a namespace: there from the start, but down.</summary>
internal static class LoopbackLink
{
    /// <summary>Switches it on, which gives it 127.0.0.1 and ::1.</summary>
    public static void Up(NetworkNamespace inside)
    {
        using var routes = RouteSocket.Open(inside);
        var lo = routes.FindLink("lo") ?? throw new InvalidOperationException($"{inside} has no lo");
        routes.ChangeLink(lo.Index, new LinkChange { Up = true });
    }
}
