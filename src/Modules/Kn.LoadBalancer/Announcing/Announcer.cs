using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer.Announcing;

/// <summary>Answers for this node's addresses on the right links, and tells about them when they come. Not thread-safe.</summary>
internal sealed class Announcer(ResponderEnvironment environment, LoadBalancerMetrics metrics, ILogger logger, TimeProvider time) : IDisposable
{
    /// <summary>When it is told after a take-over: a frame may be lost, and some switches learn late.</summary>
    private static readonly TimeSpan[] s_burst =
        [TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    /// <summary>And then again, for who was away.</summary>
    private static readonly TimeSpan s_repeat = TimeSpan.FromSeconds(60);

    private readonly Dictionary<int, LinkResponder> _responders = [];
    private readonly Dictionary<IpAddress, Announcement> _announcements = [];
    private readonly HashSet<string> _troubled = new(StringComparer.Ordinal);

    /// <summary>What this node answers for, and where.</summary>
    public IReadOnlyDictionary<IpAddress, Announcement> Current => _announcements;

    /// <summary>Brings the links in line; false when one has to be tried again.</summary>
    /// <param name="links">The addresses that are this node's, and the links to announce each on.</param>
    /// <param name="choice">The node's links.</param>
    /// <param name="ownerOf">Whose an address is that is not this node's.</param>
    public bool Apply(IReadOnlyDictionary<IpAddress, IReadOnlyList<Link>> links, LinkChoice choice, Func<IpAddress, string> ownerOf)
    {
        foreach (var gone in _announcements.Keys.Where(address => !links.ContainsKey(address)).ToList())
        {
            _announcements.Remove(gone);
            LoadBalancerLog.Left(logger, gone.ToString(), ownerOf(gone));
        }

        var isWhole = ApplyLinks(links, choice);
        foreach (var (address, where) in links)
        {
            var names = string.Join(", ", where.Select(static link => link.Name));
            if (!_announcements.TryGetValue(address, out var known) || known.Links != names)
            {
                _announcements[address] = new Announcement(names, time.GetTimestamp(), 0, [.. where.Select(static link => link.Index)]);
                Note(address, names);
            }
        }

        metrics.Announced.Set(_announcements.Count);
        Tell();
        return isWhole;
    }

    /// <summary>Tells about what is due.</summary>
    /// <returns>When there is something to tell again.</returns>
    public TimeSpan Tell()
    {
        var next = s_repeat;
        foreach (var (address, item) in _announcements.ToList())
        {
            var age = time.GetElapsedTime(item.Since);
            var told = item.Told;
            if (age >= DueAt(told))
            {
                foreach (var index in item.LinkIndexes)
                {
                    _responders.GetValueOrDefault(index)?.Tell(address);
                }

                told++;
                _announcements[address] = item with { Told = told };
            }

            var wait = DueAt(told) - age;
            next = wait < next ? wait : next;
        }

        return next > TimeSpan.Zero ? next : TimeSpan.FromMilliseconds(1);
    }

    /// <summary>Tells once more about an address that another claims (RFC 5227 §2.4).</summary>
    public void Defend(IpAddress address)
    {
        if (_announcements.TryGetValue(address, out var item))
        {
            foreach (var index in item.LinkIndexes)
            {
                _responders.GetValueOrDefault(index)?.Tell(address);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var responder in _responders.Values)
        {
            responder.Dispose();
        }

        _responders.Clear();
    }

    private static TimeSpan DueAt(int told) => told < s_burst.Length ? s_burst[told] : s_repeat * (told - s_burst.Length + 1);

    private void Note(IpAddress address, string names)
    {
        if (names.Length == 0)
        {
            LoadBalancerLog.NoLink(logger, address.ToString());
            return;
        }

        metrics.Takeovers.Increment();
        LoadBalancerLog.Taken(logger, address.ToString(), names);
    }

    private bool ApplyLinks(IReadOnlyDictionary<IpAddress, IReadOnlyList<Link>> links, LinkChoice choice)
    {
        var wanted = new Dictionary<int, (Link Link, HashSet<IpAddress> Addresses)>();
        foreach (var (address, where) in links)
        {
            foreach (var link in where)
            {
                if (!wanted.TryGetValue(link.Index, out var entry))
                {
                    wanted.Add(link.Index, entry = (link, []));
                }

                entry.Addresses.Add(address);
            }
        }

        foreach (var (index, responder) in _responders.ToList())
        {
            // A link that got another Ethernet address, or IPv6, gets another responder.
            if (!wanted.TryGetValue(index, out var entry) || entry.Link.Mac != responder.Link.Mac || entry.Link.Name != responder.Link.Name
                || (choice.SourceOn(index) is not null && !responder.HasIpv6))
            {
                responder.Remove();
                _responders.Remove(index);
            }
        }

        var isWhole = true;
        foreach (var (link, addresses) in wanted.Values)
        {
            isWhole &= TryApply(link, addresses, choice.SourceOn(link.Index));
        }

        return isWhole;
    }

    private bool TryApply(Link link, HashSet<IpAddress> addresses, IpAddress? source)
    {
        try
        {
            if (_responders.TryGetValue(link.Index, out var responder))
            {
                responder.Set(addresses);
            }
            else
            {
                _responders.Add(link.Index, new LinkResponder(link, source, addresses, environment));
            }

            _troubled.Remove(link.Name);
            return true;
        }
        catch (LinuxException error)
        {
            if (_troubled.Add(link.Name))
            {
                LoadBalancerLog.LinkFailed(logger, link.Name, error.Message);
            }

            return false;
        }
    }
}

/// <summary>An address that this node answers for.</summary>
/// <param name="Links">The links' names, with commas between; empty when none is fit.</param>
/// <param name="Since">A reading of the clock, when it came.</param>
/// <param name="Told">How often the link was told.</param>
/// <param name="LinkIndexes">The links.</param>
internal sealed record Announcement(string Links, long Since, int Told, ValueList<int> LinkIndexes);
