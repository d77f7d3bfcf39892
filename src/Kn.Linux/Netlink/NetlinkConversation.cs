using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>Questions and answers over one transport: numbers the messages, matches the answers, ends every wait.</summary>
/// <remarks>Control messages, uapi/linux/netlink.h: NLMSG_ERROR answers a request or refuses a dump, NLMSG_DONE ends a dump.</remarks>
internal sealed class NetlinkConversation(INetlinkTransport transport)
{
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLMSG_OVERRUN = 4;
    private const ushort NLMSG_MIN_TYPE = 0x10;

    // A dump's datagrams grow to what we offer to receive, at most 32 KiB: netlink_recvmsg().
    private const int InitialBufferBytes = 32 << 10;

    // Each retry reads the whole table; a table that changes during each of so many reads needs a human.
    private const int MaxDumpAttempts = 50;

    // Answers to conversations that were broken off may still be queued; a flood of others' messages is an error.
    private const int MaxStrayMessages = 100_000;

    // Keeps a batch's datagram, and the refusals that it may cause, well inside the socket's buffers.
    private const int MaxBatchBytes = 256 << 10;
    private const int MaxBatchMessages = 2048;

    private byte[] _buffer = new byte[InitialBufferBytes];
    private uint _sequence;

    private enum Outcome
    {
        Complete,
        Interrupted,
        BufferTooSmall,
    }

    internal List<T> Collect<T>(string operation, Span<byte> message, NetlinkDecoder<T> decode)
    {
        var results = new List<T>();
        for (var attempt = 0; attempt < MaxDumpAttempts; attempt++)
        {
            results.Clear();
            var finished = false;
            try
            {
                var outcome = CollectOnce(operation, message, decode, results);
                finished = outcome != Outcome.BufferTooSmall;
                if (outcome == Outcome.Complete)
                {
                    return results;
                }
            }
            finally
            {
                if (!finished)
                {
                    Drain(operation);
                }
            }
        }

        throw new NetlinkException(operation, Errno.EAGAIN, $"the kernel's table changed during each of {MaxDumpAttempts} reads");
    }

    internal List<NetlinkFailure> Batch(Span<byte> messages, Func<int, string> describe)
    {
        var failures = new List<NetlinkFailure>();
        var done = 0;
        while (!messages.IsEmpty)
        {
            var bytes = BatchLength(messages);
            done += Send(messages[..bytes], describe, done, failures, ackFromEnd: 1);
            messages = messages[bytes..];
        }

        return failures;
    }

    internal List<NetlinkFailure> Transact(Span<byte> messages, Func<int, string> describe)
    {
        // The end message is acknowledged by kernels from 6.10 on only, so the one before it is asked.
        var failures = new List<NetlinkFailure>();
        Send(messages, describe, 0, failures, ackFromEnd: 2);
        return failures;
    }

    private static int BatchLength(ReadOnlySpan<byte> messages)
    {
        var (end, count) = (0, 0);
        while (end < messages.Length && end < MaxBatchBytes && count < MaxBatchMessages)
        {
            end += MessageLength(messages[end..]);
            count++;
        }

        return end;
    }

    private static int MessageLength(ReadOnlySpan<byte> messages)
    {
        var length = messages.Length < NetlinkWriter.HeaderBytes ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(messages);
        if (length < NetlinkWriter.HeaderBytes || length > (uint)messages.Length)
        {
            throw new InvalidOperationException("a netlink message was begun and not ended");
        }

        return (int)((length + 3) & ~3u);
    }

    /// <summary>Numbers and sends the messages, and reads answers until the acknowledgement of the one that was asked for it.</summary>
    /// <returns>How many messages there were.</returns>
    private int Send(Span<byte> messages, Func<int, string> describe, int firstIndex, List<NetlinkFailure> failures, int ackFromEnd)
    {
        var first = _sequence + 1;
        var count = Stamp(messages);
        var acked = first + (uint)Math.Max(count - ackFromEnd, 0);
        RequireAck(messages, acked);
        var operation = describe(firstIndex);
        transport.Send(operation, messages);
        var stray = 0;
        while (true)
        {
            var length = ReceiveWhole(operation);
            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, length));
            while (reader.TryRead(out var message))
            {
                var position = message.Sequence - first;
                if (message.Type != NLMSG_ERROR || position >= (uint)count || message.PortId != transport.PortId)
                {
                    CountStray(operation, ref stray);
                    continue;
                }

                var ack = ExtendedAck.ReadError(message);
                if (ack.Errno != Errno.None)
                {
                    failures.Add(new NetlinkFailure(firstIndex + (int)position, ack.ToException(describe(firstIndex + (int)position))));
                }

                // A refused begin message of a transaction is the only answer that comes.
                if (message.Sequence == acked || (ackFromEnd > 1 && position == 0 && ack.Errno != Errno.None))
                {
                    return count;
                }
            }
        }
    }

    private Outcome CollectOnce<T>(string operation, Span<byte> message, NetlinkDecoder<T> decode, List<T> results)
    {
        Stamp(message);
        transport.Send(operation, message);
        var (interrupted, stray) = (false, 0);
        while (true)
        {
            var length = Receive(operation);
            if (length > _buffer.Length)
            {
                _buffer = new byte[length];
                return Outcome.BufferTooSmall;
            }

            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, length));
            while (reader.TryRead(out var answer))
            {
                if (answer.Sequence != _sequence || answer.PortId != transport.PortId)
                {
                    CountStray(operation, ref stray);
                    continue;
                }

                interrupted |= (answer.Flags & NetlinkFlags.DumpInterrupted) != 0;
                if (IsLast(operation, answer, decode, results))
                {
                    return interrupted ? Outcome.Interrupted : Outcome.Complete;
                }
            }
        }
    }

    /// <summary>Decodes one answer; true when no more will come.</summary>
    private static bool IsLast<T>(string operation, in NetlinkMessage answer, NetlinkDecoder<T> decode, List<T> results)
    {
        switch (answer.Type)
        {
            case NLMSG_ERROR:
            case NLMSG_DONE:
                var ack = answer.Type == NLMSG_ERROR ? ExtendedAck.ReadError(answer) : ExtendedAck.ReadDone(answer);
                return ack.Errno == Errno.None ? true : throw ack.ToException(operation);
            case NLMSG_OVERRUN:
                throw new NetlinkException(operation, Errno.ENOBUFS);
            case < NLMSG_MIN_TYPE:
                return false;
            default:
                decode(answer, results);
                return (answer.Flags & NetlinkFlags.Multi) == 0;
        }
    }

    private int Stamp(Span<byte> messages)
    {
        var count = 0;
        while (!messages.IsEmpty)
        {
            var length = MessageLength(messages);
            BinaryPrimitives.WriteUInt32LittleEndian(messages[8..], ++_sequence);
            messages = messages[length..];
            count++;
        }

        return count;
    }

    private static void RequireAck(Span<byte> messages, uint sequence)
    {
        while (!messages.IsEmpty)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(messages[8..]) == sequence)
            {
                messages[6] |= (byte)NetlinkFlags.Ack;
                return;
            }

            messages = messages[MessageLength(messages)..];
        }
    }

    private int ReceiveWhole(string operation)
    {
        var length = Receive(operation);
        return length <= _buffer.Length ? length : throw new WireFormatException($"{operation}: an acknowledgement of {length} bytes");
    }

    /// <summary>Waits for the next datagram of the kernel.</summary>
    private int Receive(string operation)
    {
        for (var stray = 0; ;)
        {
            var length = transport.Receive(operation, _buffer, wait: true, out var sender);
            if (length < 0)
            {
                throw new NetlinkException(operation, Errno.ETIMEDOUT, "the kernel did not answer");
            }

            if (sender == 0)
            {
                return length;
            }

            CountStray(operation, ref stray);
        }
    }

    /// <summary>Reads a dump that was broken off to its end: the kernel starts no other before.</summary>
    private void Drain(string operation)
    {
        for (var count = 0; count < MaxStrayMessages; count++)
        {
            try
            {
                if (transport.Receive(operation, _buffer, wait: false, out _) < 0)
                {
                    return;
                }
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOBUFS)
            {
                // What was lost was going to be thrown away.
            }
        }
    }

    private static void CountStray(string operation, ref int count)
    {
        if (++count > MaxStrayMessages)
        {
            throw new WireFormatException($"{operation}: {count} netlink messages that answer nothing we asked");
        }
    }
}
