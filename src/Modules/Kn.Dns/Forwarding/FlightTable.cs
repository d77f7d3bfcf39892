using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Forwarding.Upstreams;

namespace Kn.Dns.Forwarding;

/// <summary>Questions on their way: the same question is asked once, however many wait for it. That also ends a circle of servers that forward to
/// each other: a question that comes back finds itself under way, and waits. Thread-safe.</summary>
/// <param name="maxFlights">Different questions at once.</param>
internal sealed class FlightTable(int maxFlights)
{
    /// <summary>Clients that wait, for each question that may be under way: on average, so that a popular name can have more.</summary>
    private const int WaitersPerFlight = 8;

    private const int Buckets = 1024;

    private readonly Lock _lock = new();
    private readonly Flight?[] _buckets = new Flight?[Buckets];
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
            if (_empty is not null || (flight is null && _flights >= maxFlights) || (waiter is not null && _waiters >= (long)maxFlights * WaitersPerFlight))
            {
                return false;
            }

            if (flight is null)
            {
                flight = begun = new Flight(key, group, ended);
                ref var head = ref _buckets[Slot(key.Hash)];
                flight.Next = head;
                head = flight;
                Volatile.Write(ref _flights, _flights + 1);
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
