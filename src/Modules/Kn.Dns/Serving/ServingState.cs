namespace Kn.Dns.Serving;

/// <summary>What a thread that answers has for itself: nothing in it is shared but for reading.</summary>
internal sealed class ServingState
{
    private const int ScratchBytes = ushort.MaxValue;

    /// <summary>Eight aliases at their longest.</summary>
    private const int AliasesBytes = 8192;

    private byte[]? _aliases;
    private byte[]? _scratch;
    private uint _random;

    /// <summary>A thread's state.</summary>
    /// <param name="rateLimit">Queries a second that one client may ask.</param>
    /// <param name="seed">Any number but 0, another for each thread.</param>
    public ServingState(uint rateLimit, uint seed)
    {
        Limiter = new RateLimiter(rateLimit);
        _random = seed;
    }

    /// <summary>What it has done.</summary>
    public ServingCounters Counters { get; } = new();

    /// <summary>Who has asked how much.</summary>
    public RateLimiter Limiter { get; }

    /// <summary>For a question in place of the client's.</summary>
    public byte[] Question { get; } = new byte[512];

    /// <summary>For the zone's part of an answer that is put together.</summary>
    public byte[] Aliases => _aliases ??= new byte[AliasesBytes];

    /// <summary>For the answer to it, before it is put together; made when it is first needed.</summary>
    public byte[] Scratch => _scratch ??= new byte[ScratchBytes];

    /// <summary>State of the random numbers.</summary>
    public ref uint Random => ref _random;

    /// <summary>Milliseconds of the clock, when the batch came.</summary>
    public uint Now { get; set; }

    /// <summary>The clock's timestamp then.</summary>
    public long StartedAt { get; set; }

    /// <summary>Takes what was read ahead: nobody asks for it, but the reads must be for something.</summary>
    public int ReadAhead { get; set; }

    /// <summary>Queries until the next one that is logged.</summary>
    public uint UntilLogged { get; set; }
}
