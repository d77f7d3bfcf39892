using Kn.Hosting.Modules;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Streams;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress;

/// <summary>Opens the listeners of an address: takes over those of the last process, with the connections that wait in them, and binds and stores
/// others.</summary>
/// <param name="stored">Keeps them while no agent runs.</param>
/// <param name="inside">The network namespace; null for the process's own.</param>
/// <param name="logger">Is told what was taken over, and what was not what it said.</param>
internal sealed class KeptListeners(IStoredSockets stored, NetworkNamespace? inside, ILogger logger)
{
    /// <summary>Connections that wait while no agent runs; net.core.somaxconn limits it.</summary>
    private const int Backlog = 4096;

    /// <summary>A listener for each thread.</summary>
    /// <exception cref="LinuxException">Another program has the port.</exception>
    public List<StreamListener> Open(IpAddress address, ushort port, int threads)
    {
        var listeners = new List<StreamListener>();
        try
        {
            while (listeners.Count < threads)
            {
                listeners.Add(Open(address, port, Name(address, port, listeners.Count)));
            }
        }
        catch
        {
            listeners.ForEach(static listener => listener.Dispose());
            Remove(address, port, listeners.Count);
            throw;
        }

        // The last process had more threads: connections that come to a listener which nobody reads would wait for ever.
        for (var index = threads; stored.Take(Name(address, port, index)) is { } surplus; index++)
        {
            surplus.Dispose();
            stored.Remove(Name(address, port, index));
        }

        return listeners;
    }

    /// <summary>Has them kept no longer: nobody would take what waits in them.</summary>
    public void Remove(IpAddress address, ushort port, int threads)
    {
        for (var index = 0; index < threads; index++)
        {
            stored.Remove(Name(address, port, index));
        }
    }

    private StreamListener Open(IpAddress address, ushort port, string name)
    {
        if (stored.Take(name) is { } handle)
        {
            try
            {
                var adopted = StreamListener.Adopt(handle, address, port);
                IngressLog.SocketTakenOver(logger, name);
                return adopted;
            }
            catch (LinuxException exception)
            {
                handle.Dispose();
                stored.Remove(name);
                IngressLog.SocketRefused(logger, name, exception.Message);
            }
        }

        var listener = StreamListener.Listen(address, port, Backlog, inside);
        stored.Store(name, listener.Handle);
        return listener;
    }

    /// <summary>Names hold no colons, for colons part them.</summary>
    private static string Name(IpAddress address, ushort port, int index) => $"ingress-tcp-{address.ToString().Replace(':', '_')}-{port}-{index}";
}
