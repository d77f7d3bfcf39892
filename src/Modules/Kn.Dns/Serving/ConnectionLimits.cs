using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Counts connections, in all and by client. Thread-safe.</summary>
internal sealed class ConnectionLimits(int max, int maxPerClient)
{
    private readonly Dictionary<IpAddress, int> _clients = [];
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_clients)
            {
                return _count;
            }
        }
    }

    /// <summary>How many were turned away.</summary>
    public long Refused { get; private set; }

    /// <summary>Counts a connection; false when there are too many already.</summary>
    public bool TryEnter(IpAddress client)
    {
        lock (_clients)
        {
            var own = _clients.GetValueOrDefault(client);
            if (_count >= max || own >= maxPerClient)
            {
                Refused++;
                return false;
            }

            _count++;
            _clients[client] = own + 1;
            return true;
        }
    }

    /// <summary>Takes a connection off.</summary>
    public void Leave(IpAddress client)
    {
        lock (_clients)
        {
            _count--;
            var own = _clients.GetValueOrDefault(client) - 1;
            if (own > 0)
            {
                _clients[client] = own;
            }
            else
            {
                _clients.Remove(client);
            }
        }
    }
}
