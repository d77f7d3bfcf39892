using System.Buffers.Binary;
using Kn.Linux.Netlink;

namespace Kn.Linux.Tests.Netlink;

/// <summary>A kernel that answers from a script: for each datagram sent, the datagrams that come back.</summary>
internal sealed class ScriptedTransport(Func<int, byte[], IEnumerable<byte[]>> answer) : INetlinkTransport
{
    private readonly Queue<byte[]> _answers = new();

    public uint PortId => 77;

    public uint Sender { get; set; }

    public List<byte[]> Sent { get; } = [];

    public void Send(string operation, ReadOnlySpan<byte> datagram)
    {
        Sent.Add(datagram.ToArray());
        foreach (var one in answer(Sent.Count, Sent[^1]))
        {
            _answers.Enqueue(one);
        }
    }

    public int Receive(string operation, Span<byte> buffer, bool wait, out uint senderPortId)
    {
        senderPortId = Sender;
        if (!_answers.TryDequeue(out var datagram))
        {
            return INetlinkTransport.NothingThere;
        }

        datagram.AsSpan(0, Math.Min(buffer.Length, datagram.Length)).CopyTo(buffer);
        return datagram.Length;
    }

    public void Dispose()
    {
    }

    internal static uint Sequence(byte[] sent, int index = 0)
    {
        var start = 0;
        for (; index > 0; index--)
        {
            start += BinaryPrimitives.ReadInt32LittleEndian(sent.AsSpan(start));
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(sent.AsSpan(start + 8));
    }

    internal static byte[] Message(ushort type, NetlinkFlags flags, uint sequence, uint portId, params byte[] payload)
    {
        var bytes = new byte[16 + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), portId);
        payload.CopyTo(bytes, 16);
        return bytes;
    }

    /// <summary>NLMSG_ERROR, capped; with the kernel's words and an offset of 36 when given.</summary>
    internal static byte[] Ack(uint sequence, Errno errno = Errno.None, string? words = null, uint portId = 77)
    {
        var writer = new NetlinkWriter(new byte[256]);
        BinaryPrimitives.WriteInt32LittleEndian(writer.Append(20), -(int)errno);
        var flags = NetlinkFlags.Capped;
        if (words is not null)
        {
            writer.PutString(1, words);
            writer.PutUInt32(2, 36);
            flags |= NetlinkFlags.AckAttributes;
        }

        return Message(2, flags, sequence, portId, writer.Written.ToArray());
    }

    internal static byte[] Done(uint sequence, NetlinkFlags flags = NetlinkFlags.Multi) => Message(3, flags, sequence, 77, 0, 0, 0, 0);
}
