using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Forwarding.Upstreams;
using Kn.Primitives;

namespace Kn.Dns.Forwarding;

/// <summary>Questions on their way: the same question is asked once, however many wait for it. That also ends a circle of servers that forward to
/// each other: a question that comes back finds itself under way, and waits. Thread-safe.</summary>
/// <param name="maxFlights">Different questions at once.</param>
internal sealed class FlightTable(int maxFlights)
{
    /// <summary>Clients that wait, for each question that may be under way: on average, so that a popular name can have more.</summary>
    private const int WaitersPerFlight = 8;

    /// <summary>Of all questions, the part that one client may have under way: a pod that asks for random names below a dead domain must leave
    /// room for others.</summary>
    private const int ClientShare = 4;

    /// <summary>What one client may have in any case.</summary>
    private const int LeastPerClient = 64;

    private const int Buckets = 1024;

    private readonly Lock _lock = new();
    private readonly Flight?[] _buckets = new Flight?[Buckets];
    private readonly Dictionary<IpAddress, int> _byClient = [];
    private TaskCompletionSource? _empty;
    private int _flights;
    private int _waiters;

    /// <summary>Different questions on their way.</summary>
    public int Count => Volatile.Read(ref _flights);

    /// <summary>Lets a client wait for a question, which begins with it if nobody waits yet.</summary>
    /// <param name="key">What is asked.</param>
    /// <param name="group">Who would be asked.</param>
    /// <param name="ended">An earlier answer.</param>
    /// <param name="waiter">The client; null for a question that only the cache wants.</param>
    /// <param name="begun">The new flight, which the caller sends off; null when the question is under way.</param>
    /// <returns>False when too many wait, or the table is closed.</returns>
    public bool TryJoin(in QuestionKey key, UpstreamGroup group, CachedAnswer? ended, Waiter? waiter, out Flight? begun)
    {
        begun = null;
        lock (_lock)
        {
            var flight = Find(key);
            if (_empty is not null || (flight is null && !MayBegin(waiter?.Client)) || (waiter is not null && _waiters >= (long)maxFlights * WaitersPerFlight))
            {
                return false;
            }

            if (flight is null)
            {
                flight = begun = new Flight(key, group, ended, waiter?.Client);
                Add(flight);
            }

            if (waiter is { } client)
            {
                flight.Waiters.Add(client);
                _waiters++;
            }

            return true;
        }
    }

    /// <summary>Takes the clients that wait so far, while the question goes on.</summary>
    public List<Waiter> TakeWaiters(Flight flight)
    {
        lock (_lock)
        {
            return Take(flight);
        }
    }

    /// <summary>Ends a flight; who asks from now on begins another.</summary>
    /// <returns>The clients that wait.</returns>
    public List<Waiter> Land(Flight flight)
    {
        lock (_lock)
        {
            ref var place = ref _buckets[Slot(flight.Hash)];
            while (place is not null && !ReferenceEquals(place, flight))
            {
                place = ref place.Next;
            }

            if (place is not null)
            {
                place = flight.Next;
                Volatile.Write(ref _flights, _flights - 1);
                Forget(flight.Client);
            }

            if (_flights == 0)
            {
                _empty?.TrySetResult();
            }

            return Take(flight);
        }
    }

    /// <summary>Lets no more in, and completes when all have landed.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_flights == 0)
            {
                _empty.TrySetResult();
            }

            return _empty.Task;
        }
    }

    private bool MayBegin(IpAddress? client) => _flights < maxFlights
        && (client is not { } asker || _byClient.GetValueOrDefault(asker) < Math.Max(LeastPerClient, maxFlights / ClientShare));

    private void Add(Flight flight)
    {
        ref var head = ref _buckets[Slot(flight.Hash)];
        flight.Next = head;
        head = flight;
        Volatile.Write(ref _flights, _flights + 1);
        if (flight.Client is { } client)
        {
            _byClient[client] = _byClient.GetValueOrDefault(client) + 1;
        }
    }

    private void Forget(IpAddress? client)
    {
        if (client is { } asker && _byClient.TryGetValue(asker, out var flights))
        {
            if (flights == 1)
            {
                _byClient.Remove(asker);
            }
            else
            {
                _byClient[asker] = flights - 1;
            }
        }
    }

    private static int Slot(ulong hash) => (int)(hash & (Buckets - 1));

    private Flight? Find(in QuestionKey key)
    {
        for (var flight = _buckets[Slot(key.Hash)]; flight is not null; flight = flight.Next)
        {
            if (flight.Hash == key.Hash && key.Matches(flight.Question, flight.Bits))
            {
                return flight;
            }
        }

        return null;
    }

    private List<Waiter> Take(Flight flight)
    {
        var waiters = flight.TakeWaiters();
        _waiters -= waiters.Count;
        return waiters;
    }
}
