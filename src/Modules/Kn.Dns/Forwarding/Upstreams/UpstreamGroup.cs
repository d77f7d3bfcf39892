using Kn.Primitives;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>The upstreams of a domain, and in what order they are asked. Immutable.</summary>
internal sealed class UpstreamGroup(byte[] domain, ValueList<Upstream> upstreams, ForwardPolicy policy)
{
    /// <summary>How often, of so many questions, the fastest policy asks in random order: to learn that another has become faster.</summary>
    private const int ExploreOneOf = 32;

    /// <summary>What they are asked for: this name and all below it.</summary>
    public byte[] Domain { get; } = domain;

    /// <summary>All of them.</summary>
    public ValueList<Upstream> Upstreams { get; } = upstreams;

    /// <summary>True when each leads back here; false when there is none at all.</summary>
    public bool AllLoop => !Upstreams.IsEmpty && Upstreams.All(static upstream => upstream.Loops);

    /// <summary>True when nobody is known to answer.</summary>
    public bool AllDown => Upstreams.All(static upstream => upstream.IsDown || upstream.Loops);

    /// <summary>Whom to ask, one after the other: those that work; if none does, all, for who says that they are down may be wrong.</summary>
    public List<Upstream> Order()
    {
        var order = new List<Upstream>(Upstreams.Count);
        foreach (var upstream in Upstreams)
        {
            if (!upstream.Loops && !upstream.IsDown)
            {
                order.Add(upstream);
            }
        }

        if (order.Count == 0)
        {
            order.AddRange(Upstreams.Where(static upstream => !upstream.Loops));
        }

        Arrange(order);
        return order;
    }

    private void Arrange(List<Upstream> order)
    {
        var span = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(order);
        if (policy == ForwardPolicy.Random || (policy == ForwardPolicy.Fastest && Random.Shared.Next(ExploreOneOf) == 0))
        {
            Random.Shared.Shuffle(span);
        }
        else if (policy == ForwardPolicy.Fastest)
        {
            SortByTime(span);
        }
    }

    /// <summary>By insertion: there are a handful, and a measurement may change while they are compared.</summary>
    private static void SortByTime(Span<Upstream> order)
    {
        for (var i = 1; i < order.Length; i++)
        {
            var upstream = order[i];
            var place = i;
            for (; place > 0 && order[place - 1].SmoothedMilliseconds > upstream.SmoothedMilliseconds; place--)
            {
                order[place] = order[place - 1];
            }

            order[place] = upstream;
        }
    }
}
