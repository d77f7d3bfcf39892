using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Features;

/// <summary>Counts what clients of an Ingress ask, by their addresses. For all threads: it is divided into parts with a lock each, which is held
/// for a look-up.</summary>
/// <remarks>The leaky bucket of nginx' limit_req with nodelay: so many requests leak out each second, and a multiple of them fits in. Of more clients than
/// there is room for, those that ask nothing for the moment are forgotten first; then nobody new is counted: the limit is no defence against an army.</remarks>
internal sealed class ClientLimits(LimitSettings settings)
{
    private const int Parts = 16;
    private const int MaxClients = 4096;
    private readonly Part[] _parts = MakeParts();

    /// <summary>Whether a client may ask now; if so, <see cref="Leave"/> has to follow.</summary>
    /// <param name="client">Its address.</param>
    /// <param name="now">Milliseconds.</param>
    public bool TryEnter(IpAddress client, long now)
    {
        if (RequestView.IsIn(client, settings.Exempt))
        {
            return true;
        }

        var part = PartOf(client);
        lock (part)
        {
            if (!part.TryFind(client, now, settings, out var state))
            {
                return true;
            }

            if (settings.Connections > 0 && state.Entered >= settings.Connections)
            {
                return false;
            }

            state.Leak(now, settings);
            if ((settings.PerSecond > 0 && state.Seconds > (double)settings.PerSecond * settings.BurstMultiplier)
                || (settings.PerMinute > 0 && state.Minutes > (double)settings.PerMinute * settings.BurstMultiplier))
            {
                return false;
            }

            state.Seconds += 1;
            state.Minutes += 1;
            state.Entered++;
            return true;
        }
    }

    /// <summary>A request of a client is over.</summary>
    public void Leave(IpAddress client)
    {
        var part = PartOf(client);
        lock (part)
        {
            if (part.Clients.TryGetValue(client, out var state) && state.Entered > 0)
            {
                state.Entered--;
            }
        }
    }

    private static Part[] MakeParts()
    {
        var parts = new Part[Parts];
        for (var index = 0; index < Parts; index++)
        {
            parts[index] = new Part();
        }

        return parts;
    }

    private Part PartOf(IpAddress client) => _parts[(uint)client.GetHashCode() % Parts];

    private sealed class Part
    {
        public Dictionary<IpAddress, ClientState> Clients { get; } = [];

        public bool TryFind(IpAddress client, long now, LimitSettings settings, out ClientState state)
        {
            if (Clients.TryGetValue(client, out state!))
            {
                return true;
            }

            if (Clients.Count >= MaxClients)
            {
                Sweep(now, settings);
            }

            state = new ClientState { At = now };
            return Clients.Count < MaxClients && Clients.TryAdd(client, state);
        }

        private void Sweep(long now, LimitSettings settings)
        {
            foreach (var (client, state) in Clients)
            {
                state.Leak(now, settings);
                if (state is { Entered: 0, Seconds: 0 } && (settings.PerMinute == 0 || state.Minutes == 0))
                {
                    Clients.Remove(client);
                }
            }
        }
    }

    private sealed class ClientState
    {
        public double Seconds { get; set; }

        public double Minutes { get; set; }

        public int Entered { get; set; }

        public long At { get; set; }

        public void Leak(long now, LimitSettings settings)
        {
            var milliseconds = Math.Max(0, now - At);
            Seconds = Math.Max(0, Seconds - (milliseconds * (settings.PerSecond == 0 ? 1e9 : settings.PerSecond) / 1000.0));
            Minutes = Math.Max(0, Minutes - (milliseconds * (settings.PerMinute == 0 ? 1e9 : settings.PerMinute) / 60_000.0));
            At = now;
        }
    }
}
