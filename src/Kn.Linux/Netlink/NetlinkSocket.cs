using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Netlink;

/// <summary>Requests to the kernel over netlink, and their answers. Synchronous: the kernel works within the send.</summary>
/// <remarks>Safe for use by many threads, one conversation at a time. The socket stays in the network namespace that it was
/// opened in. Answers are matched by sequence number and port id; an answer that does not come within ten seconds is an
/// ETIMEDOUT error. Every method may throw <see cref="WireFormatException"/> for a malformed answer. netlink(7),
/// Documentation/userspace-api/netlink/intro.rst.</remarks>
public sealed class NetlinkSocket : IDisposable
{
    private readonly INetlinkTransport _transport;
    private readonly NetlinkConversation _conversation;
    private readonly Lock _oneAtATime = new();

    internal NetlinkSocket(INetlinkTransport transport)
    {
        _transport = transport;
        _conversation = new NetlinkConversation(transport);
    }

    /// <summary>The kernel's name for this socket; notifications caused by it carry the number.</summary>
    public uint PortId => _transport.PortId;

    /// <summary>The kernel's socket; null where a test stands in for it.</summary>
    internal SafeFileHandle? Handle => (_transport as SocketTransport)?.Handle;

    /// <summary>Opens a socket here, or inside another network namespace.</summary>
    /// <exception cref="LinuxException">EPROTONOSUPPORT: the kernel lacks this family.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol, NetworkNamespace? inside = null) =>
        new(inside is null ? SocketTransport.Open(protocol) : inside.Run(() => SocketTransport.Open(protocol)));

    /// <summary>Sends one message and waits for its acknowledgement.</summary>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    public void Request(string operation, scoped ref NetlinkWriter message)
    {
        lock (_oneAtATime)
        {
            var failures = _conversation.Batch(message.Messages, _ => operation);
            if (failures.Count > 0)
            {
                throw failures[0].Error;
            }
        }
    }

    /// <summary>Sends one get message and returns the first thing that its answer decodes to; the default value when that is nothing.</summary>
    /// <exception cref="NetlinkException">The kernel refused it: ENODEV, ENOENT for what is absent.</exception>
    public T? Get<T>(string operation, scoped ref NetlinkWriter message, NetlinkDecoder<T> decode)
    {
        lock (_oneAtATime)
        {
            return _conversation.Collect(operation, message.Messages, decode).FirstOrDefault();
        }
    }

    /// <summary>Sends one dump message and returns what its answers decode to. An answer that the kernel marks as interrupted
    /// (NLM_F_DUMP_INTR) is thrown away and asked for again.</summary>
    /// <exception cref="NetlinkException">The kernel refused it; EAGAIN: the table changed during every one of many attempts.</exception>
    public List<T> Dump<T>(string operation, scoped ref NetlinkWriter message, NetlinkDecoder<T> decode)
    {
        lock (_oneAtATime)
        {
            return _conversation.Collect(operation, message.Messages, decode);
        }
    }

    /// <summary>Sends many messages at once; each is done or refused by itself, in order.</summary>
    /// <param name="messages">Any number; sent as several datagrams when they are very many.</param>
    /// <param name="describe">What the message of this position does, for its error; called for refused ones only.</param>
    /// <returns>Those that were refused, in order; empty when all went well.</returns>
    /// <remarks>Only the last message of a datagram is acknowledged: success is silent, a refusal is always told, and the kernel works in order.</remarks>
    public IReadOnlyList<NetlinkFailure> Batch(scoped ref NetlinkWriter messages, Func<int, string> describe)
    {
        lock (_oneAtATime)
        {
            return _conversation.Batch(messages.Messages, describe);
        }
    }

    /// <summary>Sends an nfnetlink transaction, whose first and last messages are NFNL_MSG_BATCH_BEGIN and _END, as one datagram of
    /// any size: all of it is done, or nothing.</summary>
    /// <returns>Those that were refused, in order; empty when it was committed. Index 0, the begin message, stands for the whole:
    /// ERESTART there means that the generation has moved on.</returns>
    public IReadOnlyList<NetlinkFailure> Transact(scoped ref NetlinkWriter messages, Func<int, string> describe)
    {
        lock (_oneAtATime)
        {
            return _conversation.Transact(messages.Messages, describe);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();
}
