using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Pods that run without a record, because the journal was lost: links, with the addresses that were routed to them at the start.
/// Thread-safe.</summary>
/// <remarks>A link's name follows from the attachment's key, not the other way round; so DEL, CHECK and GC, which know keys, find their
/// foundling, and nobody can list foundlings by container.</remarks>
internal sealed class Foundlings
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ValueList<IpAddress>> _addresses = new(StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public IReadOnlyList<KeyValuePair<string, ValueList<IpAddress>>> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _addresses.OrderBy(static entry => entry.Key, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Takes one in.</summary>
    public void Add(string link, ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            _addresses[link] = addresses;
        }
    }

    /// <summary>Lets one go.</summary>
    /// <returns>Its addresses; empty when there is none of that link.</returns>
    public ValueList<IpAddress> Take(string link)
    {
        lock (_lock)
        {
            return _addresses.Remove(link, out var addresses) ? addresses : default;
        }
    }
}
