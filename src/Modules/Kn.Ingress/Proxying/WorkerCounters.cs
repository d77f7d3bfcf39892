namespace Kn.Ingress.Proxying;

/// <summary>What a worker has counted. Written by its thread alone; others may read a number that is a moment old.</summary>
internal sealed class WorkerCounters
{
    /// <summary>Answers by the first digit of their status, from 1 to 5.</summary>
    public long[] Answers { get; } = new long[6];

    /// <summary>Connections taken.</summary>
    public long Accepted;

    /// <summary>Connections of clients now.</summary>
    public long Open;

    /// <summary>Connections to backends made.</summary>
    public long Connects;

    /// <summary>Connections to backends that failed.</summary>
    public long ConnectFailures;

    /// <summary>Requests that were sent to another endpoint, or again.</summary>
    public long Retries;

    /// <summary>Requests that the client gave up.</summary>
    public long Abandoned;

    /// <summary>Requests that were refused as no HTTP.</summary>
    public long Refused;

    /// <summary>Requests that somebody was too slow for.</summary>
    public long TimedOut;

    /// <summary>Handshakes of TLS that were done.</summary>
    public long Handshakes;

    /// <summary>Those of them that went on with a session of before.</summary>
    public long Resumptions;

    /// <summary>Handshakes of TLS that failed.</summary>
    public long HandshakeFailures;

    /// <summary>Faults of Kn's own.</summary>
    public long Faults;
}
