using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Metrics;
using Kn.Linux;
using Kn.Linux.Datagrams;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.Serving;

/// <summary>Answers the datagrams of one socket, on a thread of its own, in batches.</summary>
/// <remarks>Blocking calls on a dedicated thread cost half of what asynchronous sockets do, and a batch a system call each way
/// (bench: about 5.5 µs a query, of which the kernel takes nine tenths). A thread in recvmmsg(2) does not hold up the collector.</remarks>
internal sealed class UdpServer : IReplySource, IDisposable
{
    private const int Slots = 64;

    /// <summary>No query needs more; a longer one is told by its flag.</summary>
    private const int RequestBytes = 1536;

    /// <summary>A little more than the longest answer, in whole cache lines.</summary>
    private const int ResponseBytes = 1280;

    private const int StackBytes = 256 << 10;

    /// <summary>How long a thread that hears nothing may take to see that it is to stop. shutdown(2) would wake it at once, and close the socket
    /// for the process that goes on with it.</summary>
    private static readonly TimeSpan StopCheck = TimeSpan.FromMilliseconds(200);

    /// <summary>While queries come faster than this, answers wait for each other (<see cref="Gather"/>).</summary>
    private static readonly TimeSpan BusyGap = TimeSpan.FromMicroseconds(100);

    /// <summary>How long they wait.</summary>
    private static readonly TimeSpan GatherFor = TimeSpan.FromMicroseconds(30);

    /// <summary>A batch as large as this is worth a wake-up.</summary>
    private const int Enough = 16;

    private static readonly TimeSpan AfterFault = TimeSpan.FromMilliseconds(100);

    private readonly UdpSocket _socket;
    private readonly QueryHandler _handler;
    private readonly ServingState _state;
    private readonly Histogram _seconds;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ManualResetEvent _stop = new(initialState: false);
    private readonly DatagramBatch _batch = new(Slots, RequestBytes, ResponseBytes);
    private readonly ulong[] _places = new ulong[Slots];
    private readonly Thread _thread;
    private bool _isStarted;
    private bool _isFaultTold;
    private volatile bool _isStopped;
    private long _servedAt;

    /// <summary>A server that does not run yet.</summary>
    /// <param name="socket">Bound; disposed with the server.</param>
    /// <param name="handler">Answers.</param>
    /// <param name="state">The thread's.</param>
    /// <param name="seconds">How long answers took.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For faults.</param>
    public UdpServer(UdpSocket socket, QueryHandler handler, ServingState state, Histogram seconds, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _handler = handler;
        _state = state;
        _seconds = seconds;
        _time = time;
        _logger = logger;
        socket.SetReceiveTimeout(StopCheck);
        _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = $"dns {socket.Address}" };
    }

    /// <summary>Begins to answer; what came since the socket was bound is answered first.</summary>
    public void Start()
    {
        _isStarted = true;
        _thread.Start();
    }

    /// <inheritdoc/>
    public IReplyTo ReplyTo(int slot) => new DatagramReply(_socket, _batch.Sender(slot));

    /// <summary>Lets the thread receive no more; what it has received is answered, also later, through the socket.</summary>
    public void Stop()
    {
        _isStopped = true;
        _stop.Set();
    }

    /// <summary>Waits until the thread has stopped: what comes now waits in the socket, for who has it next.</summary>
    public void Join()
    {
        if (_isStarted)
        {
            _thread.Join();
        }
    }

    /// <summary>Stops, and closes the socket here; a process that shares it goes on with what waits in it.</summary>
    public void Dispose()
    {
        Stop();
        Join();
        _socket.Dispose();
        _batch.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        BriefPause.BePrecise();
        while (!_isStopped)
        {
            try
            {
                var received = _batch.Receive(_socket);
                Serve(received);
                Gather(received);
            }
            catch (LinuxException exception)
            {
                Tell(exception);
                _stop.WaitOne(AfterFault);
            }
        }
    }

    private void Serve(int received)
    {
        _state.StartedAt = _time.GetTimestamp();
        _state.Now = (uint)_time.GetElapsedTime(0, _state.StartedAt).TotalMilliseconds;
        ReadAhead(received);
        var answered = 0;
        for (var slot = 0; slot < received; slot++)
        {
            var length = Answer(slot);
            if (length > 0)
            {
                _batch.Reply(slot, length);
                answered++;
            }
        }

        if (answered > 0)
        {
            _state.Counters.Count(ServingEvent.NotSent, _batch.Send(_socket));
            _seconds.Observe(_time.GetElapsedTime(_state.StartedAt).TotalSeconds, answered);
        }
    }

    /// <summary>Under load the kernel's wake-ups of this thread, one for a query or two, cost more than the answers. A pause lets a few queries come together,
    /// for one wake-up. Not where queries are rare: nobody waits then; nor where batches are large without it: there is no time to lose.</summary>
    private void Gather(int received)
    {
        var isBusy = _time.GetElapsedTime(_servedAt, _state.StartedAt) < BusyGap;
        _servedAt = _time.GetTimestamp();
        if (isBusy && received is > 0 and < Enough)
        {
            BriefPause.Take(GatherFor);
        }
    }

    /// <summary>One query's look-ups wait for memory one after another; those of a batch can wait together.</summary>
    private void ReadAhead(int received)
    {
        if (received < 2)
        {
            return;
        }

        for (var slot = 0; slot < received; slot++)
        {
            _places[slot] = ZoneResponder.PlaceOf(_batch.Request(slot));
        }

        _handler.ReadAhead(_places.AsSpan(0, received), _state);
    }

    private int Answer(int slot)
    {
        if (_batch.IsCut(slot))
        {
            _state.Counters.Count(ServingEvent.Silent);
            return 0;
        }

        try
        {
            return _handler.Handle(_batch.Request(slot), _batch.Sender(slot).Address, DnsTransport.Udp, _batch.NextResponse, _state, this, slot);
        }
#pragma warning disable CA1031 // The supervisor boundary of one query: whatever it does to us, the others are answered.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Tell(exception);
            return 0;
        }
    }

    private void Tell(Exception exception)
    {
        _state.Counters.Count(ServingEvent.Fault);
        if (!_isFaultTold)
        {
            _isFaultTold = true;
            DnsLog.Fault(_logger, exception, _socket.Address);
        }
    }

    private sealed class DatagramReply(UdpSocket socket, DatagramPeer peer) : IReplyTo
    {
        public void Reply(ReadOnlySpan<byte> response) => socket.TrySend(peer, response);
    }
}
