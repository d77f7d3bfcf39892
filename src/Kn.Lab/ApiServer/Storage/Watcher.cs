using System.Threading.Channels;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>One watch request's queue of changes.</summary>
/// <remarks>A client that does not read loses its watch when the queue is full; it resumes from its last version, out of the history.</remarks>
internal sealed class Watcher
{
    private const int MaxQueued = 20_000;
    private readonly Channel<StoredChange> _queue = Channel.CreateBounded<StoredChange>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly string _namespace;

    /// <summary>Makes a watcher; an empty namespace means all.</summary>
    public Watcher(string @namespace) => _namespace = @namespace;

    /// <summary>The queue overflowed or the request ended.</summary>
    public bool IsClosed { get; private set; }

    public ChannelReader<StoredChange> Changes => _queue.Reader;

    public void Offer(StoredChange change)
    {
        if (_namespace.Length > 0 && change.Key.Namespace != _namespace)
        {
            return;
        }

        if (!_queue.Writer.TryWrite(change))
        {
            Close();
        }
    }

    public void Close()
    {
        IsClosed = true;
        _queue.Writer.TryComplete();
    }
}
