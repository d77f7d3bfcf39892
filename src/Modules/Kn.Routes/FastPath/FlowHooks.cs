using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Bpf;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;

namespace Kn.Routes.FastPath;

/// <summary>Hangs the fast path's programs at links: directly (tcx) at those that stay, where the kernel can; else as filters of the qdisc clsact.</summary>
/// <remarks>A packet pays less for a program that hangs directly. But the first one at a link, and the end of a link that has one, make the kernel wait 10 ms and
/// more with its lock of all links held: too much for links that come and go with pods.</remarks>
/// <param name="cache">The programs.</param>
/// <param name="socket">Of the namespace with the links.</param>
/// <param name="home">That namespace.</param>
/// <param name="needsQdisc">True on a kernel older than 6.6; else it is found out.</param>
internal sealed class FlowHooks(FlowCache cache, RouteSocket socket, NetworkNamespace home, bool needsQdisc = false)
{
    private bool _needsQdisc = needsQdisc;

    /// <summary>Puts both programs at a link, in the place of older ones.</summary>
    /// <param name="link">Its index.</param>
    /// <param name="stays">Whether the link is the node's, and not a pod's.</param>
    /// <returns>Whether everybody else who changes links had to wait for it.</returns>
    /// <exception cref="LinuxException">The kernel refused it; not: the link is gone.</exception>
    public bool Attach(int link, bool stays)
    {
        if (stays && !_needsQdisc)
        {
            try
            {
                return AttachDirectly(link);
            }
            catch (LinuxException e) when (e.Errno is Errno.ENODEV)
            {
                return false;
            }
            catch (LinuxException e) when (e.Errno is Errno.EINVAL or Errno.EPERM)
            {
                _needsQdisc = true;
            }
        }

        AttachFilters(link);
        return false;
    }

    /// <summary>Takes the programs from every link, whoever put them there by these names.</summary>
    public static void RemoveAll(RouteSocket socket, NetworkNamespace home)
    {
        var links = socket.ReadLinks();
        var filters = links.SelectMany(static link => Filters(link.Index))
            .Where(place => socket.ReadBpfFilters(place.LinkIndex, place.Direction).Contains(place))
            .Select(static RouteChange (place) => new RemoveBpfFilter(place))
            .ToList();
        _ = socket.Apply(filters);
        home.Run(() =>
        {
            foreach (var link in links)
            {
                LinkPrograms.Detach(FlowCache.SendName, link.Index, TrafficDirection.Ingress);
                LinkPrograms.Detach(FlowCache.LearnName, link.Index, TrafficDirection.Egress);
            }
        });
    }

    private bool AttachDirectly(int link)
    {
        var (first, second) = home.Run(() => (
            LinkPrograms.Attach(cache.Send, link, TrafficDirection.Ingress),
            LinkPrograms.Attach(cache.Learn, link, TrafficDirection.Egress)));

        // What an agent on an older kernel left; twice would be too much.
        _ = socket.Apply([.. Filters(link).Select(static RouteChange (place) => new RemoveBpfFilter(place))]);
        return first || second;
    }

    private void AttachFilters(int link)
    {
        var failures = socket.Apply([
            new EnsureClassifiers(link),
            new EnsureBpfFilter(At(link, TrafficDirection.Ingress), cache.Send),
            new EnsureBpfFilter(At(link, TrafficDirection.Egress), cache.Learn),
        ]);
        var refused = failures.FirstOrDefault(static failure => failure.Error.Errno is not Errno.ENODEV);
        if (refused is not null)
        {
            throw refused.Error;
        }
    }

    private static BpfFilter[] Filters(int link) => [At(link, TrafficDirection.Ingress), At(link, TrafficDirection.Egress)];

    private static BpfFilter At(int link, TrafficDirection direction) => new(link, direction, NodeResources.FastPathFilterPriority, NodeResources.FastPathFilter);
}
