using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kn.Ingress.Features;
using Kn.Ingress.Http;
using Kn.Ingress.Http2;
using Kn.Ingress.Routing;
using Kn.Linux;
using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>A thread with its listeners, its clients and its connections to backends. Nothing of them is shared with another thread, nothing in it waits
/// but the poll, and of the control plane it reads one reference: so no request waits for a lock, a disk or the API server.</summary>
internal sealed class Worker : IDisposable
{
    /// <summary>What is put before the bytes of a backend's answer, so that a rewritten head goes out with them in one piece.</summary>
    public const int HeadRoom = 8 << 10;

    private const int ReadBytes = 256 << 10;
    private const int StackBytes = 256 << 10;
    private const int EventsAtOnce = 256;
    private const int AcceptsAtOnce = 64;
    private const int TickMilliseconds = 250;
    private const ulong ListenerMark = 1UL << 63;

    private readonly EventPoll _poll = new(EventsAtOnce);
    private readonly ProxySurroundings _surroundings;
    private readonly List<(StreamListener Listener, bool IsTls)> _listeners = [];
    private readonly List<Peer> _again = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Peer?[] _slots = new Peer?[256];
    private uint[] _generations = new uint[256];
    private readonly Stack<int> _freeSlots = [];
    private readonly ConcurrentQueue<Action> _posted = [];
    private FeatureScratch? _features;
    private Http2Workspace? _http2;
    private int _slotsUsed;
    private long _nextTick;
    private bool _listens;
    private volatile bool _isDraining;
    private volatile bool _isStopping;
    private volatile bool _isQuiet;
    private ulong _random0;
    private ulong _random1;

    /// <summary>A worker that does not run yet.</summary>
    public Worker(int index, ProxySettings settings, ProxySurroundings surroundings)
    {
        Settings = settings;
        Pool = new UpstreamPool(settings);
        Http2Upstreams = new Http2Upstreams(this);
        _surroundings = surroundings;
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        _random0 = BitConverter.ToUInt64(seed) | 1;
        _random1 = BitConverter.ToUInt64(seed[8..]);
        _thread = new Thread(Loop, StackBytes) { IsBackground = true, Name = $"ingress {index}" };
    }

    /// <summary>What it goes by.</summary>
    public ProxySettings Settings { get; }

    /// <summary>Milliseconds, as of the last events.</summary>
    public long Now { get; private set; }

    /// <summary>Its buffers.</summary>
    public BufferPool Buffers { get; } = new();

    /// <summary>Its connections to backends that wait for a request.</summary>
    public UpstreamPool Pool { get; }

    /// <summary>Its connections to backends that speak HTTP/2.</summary>
    public Http2Upstreams Http2Upstreams { get; }

    /// <summary>What its connections that speak HTTP/2 use in turns.</summary>
    public Http2Workspace Http2 => _http2 ??= new Http2Workspace();

    /// <summary>What it counts.</summary>
    public WorkerCounters Counters { get; } = new();

    /// <summary>Reads requests' heads.</summary>
    public RequestHead Request { get; } = new();

    /// <summary>Reads answers' heads.</summary>
    public ResponseHead Answer { get; } = new();

    /// <summary>Room for what routes do with requests; made when the first asks.</summary>
    public FeatureScratch Features => _features ??= new FeatureScratch();

    /// <summary>Where bytes are received, and used up before anything else is done.</summary>
    public byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(HeadRoom + ReadBytes, pinned: true);

    /// <summary>Where heads are written, and paths spelt.</summary>
    public byte[] HeadScratch { get; } = GC.AllocateUninitializedArray<byte>(128 << 10, pinned: true);

    /// <summary>The routes now.</summary>
    public RouteTable Routes => _surroundings.Routes.Current;

    /// <summary>Whether connections are to end: another process goes on.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Whether it takes no more connections since <see cref="Drain"/>.</summary>
    public bool IsQuiet => _isQuiet;

    /// <summary>The clock's timestamp, for how long a request takes.</summary>
    public long Timestamp => _surroundings.Time.GetTimestamp();

    /// <summary>The world around it.</summary>
    public ProxySurroundings Surroundings => _surroundings;

    /// <summary>Done when the thread has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Takes connections of a listener, which stays the caller's. Before <see cref="Start"/>.</summary>
    public void Listen(StreamListener listener, bool isTls) => _listeners.Add((listener, isTls));

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Takes no more connections, and ends those that there are with their next answer. From any thread.</summary>
    public void Drain()
    {
        _isDraining = true;
        _poll.Wake();
    }

    /// <summary>Ends the thread, and all connections. From any thread.</summary>
    public void Stop()
    {
        _isStopping = true;
        _poll.Wake();
    }

    /// <summary>Watches a connection.</summary>
    public void Add(Peer peer, StreamSocket socket)
    {
        if (!_freeSlots.TryPop(out var slot))
        {
            slot = _slotsUsed++;
            if (slot == _slots.Length)
            {
                Array.Resize(ref _slots, slot * 2);
                Array.Resize(ref _generations, slot * 2);
            }
        }

        peer.Slot = slot;
        _slots[slot] = peer;
        _poll.Add(socket, ((ulong)(_generations[slot] & 0x7FFF_FFFF) << 32) | (uint)slot);
    }

    /// <summary>Watches a connection no longer, which is being closed.</summary>
    public void Remove(Peer peer)
    {
        if (peer.Slot >= 0)
        {
            _slots[peer.Slot] = null;

            // What the kernel has told of it already must not meet the slot's next user.
            _generations[peer.Slot]++;
            _freeSlots.Push(peer.Slot);
            peer.Slot = -1;
        }
    }

    /// <summary>Gives a connection's place to another that goes on with it.</summary>
    public void Replace(Peer before, Peer after)
    {
        after.Slot = before.Slot;
        before.Slot = -1;
        if (after.IsClosed)
        {
            // It has failed at once, before it had a place to give back.
            _slots[after.Slot] = null;
            _generations[after.Slot]++;
            _freeSlots.Push(after.Slot);
            return;
        }

        _slots[after.Slot] = after;
    }

    /// <summary>Lets others come first.</summary>
    public void RunAgain(Peer peer) => _again.Add(peer);

    /// <summary>Has something done on this thread, soon. From any thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        _poll.Wake();
    }

    /// <summary>Begins a connection to a backend; null when that fails at once.</summary>
    public StreamSocket? Connect(UpstreamEndpoint endpoint) => StreamSocket.Connect(endpoint.Address, endpoint.Port, out _, _surroundings.Inside);

    /// <summary>A number that nobody guesses (xoroshiro128+, seeded by the kernel).</summary>
    public ulong NextRandom()
    {
        var (first, second) = (_random0, _random1);
        var result = first + second;
        second ^= first;
        _random0 = ulong.RotateLeft(first, 24) ^ second ^ (second << 16);
        _random1 = ulong.RotateLeft(second, 37);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _poll.Dispose();

    private void Loop()
    {
        try
        {
            while (!_isStopping)
            {
                Turn();
            }

            CloseAll();
            _ended.TrySetResult();
        }
#pragma warning disable CA1031 // The supervisor boundary of the thread: the module is told, and starts again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _ended.TrySetException(exception);
        }
    }

    private void Turn()
    {
        ListenOrNot();
        var count = _poll.Wait(_again.Count > 0 ? 0 : TickMilliseconds);
        Now = _surroundings.Milliseconds;
        for (var index = 0; index < count; index++)
        {
            var events = _poll.Event(index, out var token);
            if (token == ulong.MaxValue)
            {
                continue;
            }

            if ((token & ListenerMark) != 0)
            {
                Accept(_listeners[(int)(token & ~ListenerMark)]);
            }
            else if (_slots[(uint)token] is { } peer && (_generations[(uint)token] & 0x7FFF_FFFF) == token >> 32)
            {
                Guard(peer, static (peer, events) => peer.OnEvents(events), events);
            }
        }

        RunPosted();
        RunAgain();
        if (Now >= _nextTick)
        {
            _nextTick = Now + TickMilliseconds;
            Tick();
        }
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // The supervisor boundary of one connection: its deadline ends it.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Counters.Faults++;
                _surroundings.Fault(exception);
            }
        }
    }

    private void RunAgain()
    {
        // Those that ask again meanwhile come after the next events.
        for (var left = _again.Count; left > 0; left--)
        {
            var peer = _again[0];
            _again.RemoveAt(0);
            if (!peer.IsClosed)
            {
                Guard(peer, static (peer, _) => peer.Run(), PollEvents.None);
            }
        }
    }

    /// <summary>Looks at every connection: with thousands of them that takes microseconds, and nothing has to be kept in order.</summary>
    private void Tick()
    {
        Pool.Sweep();
        for (var slot = 0; slot < _slotsUsed; slot++)
        {
            if (_slots[slot] is { } peer && Now >= peer.Deadline)
            {
                peer.Deadline = long.MaxValue;
                Guard(peer, static (peer, _) => peer.OnDeadline(), PollEvents.None);
            }
        }
    }

    private void Guard(Peer peer, Action<Peer, PollEvents> action, PollEvents events)
    {
        try
        {
            action(peer, events);
        }
#pragma warning disable CA1031 // The supervisor boundary of one connection: whatever it does to us, the others go on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Counters.Faults++;
            _surroundings.Fault(exception);
            peer.Close();
        }
    }

    private void ListenOrNot()
    {
        var isDraining = _isDraining;
        var listens = !isDraining && Counters.Open < Settings.MaxConnections;
        if (listens == _listens)
        {
            _isQuiet = isDraining;
            return;
        }

        _listens = listens;
        for (var index = 0; index < _listeners.Count; index++)
        {
            if (listens)
            {
                _poll.Add(_listeners[index].Listener, ListenerMark | (uint)index);
            }
            else
            {
                _poll.Remove(_listeners[index].Listener);
            }
        }

        for (var slot = 0; slot < _slotsUsed && _isDraining; slot++)
        {
            _slots[slot]?.OnDrain();
        }

        _isQuiet = isDraining;
    }

    private void Accept((StreamListener Listener, bool IsTls) from)
    {
        for (var count = 0; count < AcceptsAtOnce && Counters.Open < Settings.MaxConnections; count++)
        {
            var socket = from.Listener.TryAccept(out var error);
            if (socket is null)
            {
                if (error is Errno.EMFILE or Errno.ENFILE)
                {
                    _surroundings.NoDescriptors();
                }

                return;
            }

            Counters.Accepted++;
            var client = ArrivingConnection.Take(this, socket, from.Listener.Port, from.IsTls);
            try
            {
                Add(client, socket);
            }
            catch (LinuxException)
            {
                client.Close();
            }
        }
    }

    private void CloseAll()
    {
        for (var slot = 0; slot < _slotsUsed; slot++)
        {
            _slots[slot]?.Close();
        }
    }
}
