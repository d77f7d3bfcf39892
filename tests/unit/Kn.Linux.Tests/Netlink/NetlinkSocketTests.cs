using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Tests.Netlink.ScriptedTransport;

namespace Kn.Linux.Tests.Netlink;

public sealed class NetlinkSocketTests
{
    [Fact]
    public void Request_IsDone_WhenItsAcknowledgementComes()
    {
        var kernel = new ScriptedTransport((_, sent) => [Ack(Sequence(sent))]);
        Request(kernel);
        Assert.Equal(0x05, kernel.Sent[0][6]);
    }

    [Fact]
    public void ARefusal_HasErrnoWordsAndOffset()
    {
        var error = Assert.Throws<NetlinkException>(() => Request(new ScriptedTransport((_, sent) => [Ack(Sequence(sent), Errno.EINVAL, "Unknown device type")])));
        Assert.Equal((Errno.EINVAL, "Unknown device type", 36u), (error.Errno, error.KernelMessage, error.OffsetBytes));
        Assert.Equal("try: Invalid argument (EINVAL): Unknown device type (at byte 36 of the request)", error.Message);
    }

    [Fact]
    public void AnswersToOthers_AreNotOurs()
    {
        Request(new ScriptedTransport((_, sent) =>
        [
            Ack(Sequence(sent) - 1, Errno.EINVAL), Ack(Sequence(sent), Errno.EINVAL, portId: 78), Done(Sequence(sent)), Ack(Sequence(sent)),
        ]));
    }

    [Fact]
    public void Silence_IsATimeout()
    {
        Assert.Equal(Errno.ETIMEDOUT, Assert.Throws<NetlinkException>(() => Request(new ScriptedTransport((_, _) => []))).Errno);
        var spoofed = new ScriptedTransport((_, sent) => [Ack(Sequence(sent))]) { Sender = 1234 };
        Assert.Equal(Errno.ETIMEDOUT, Assert.Throws<NetlinkException>(() => Request(spoofed)).Errno);
    }

    [Fact]
    public void ABatch_NamesTheRefusedOnes_AndAsksForOneAcknowledgement()
    {
        var kernel = new ScriptedTransport((_, sent) => [[.. Ack(Sequence(sent, 1), Errno.EEXIST)], [.. Ack(Sequence(sent, 2), Errno.ENODEV)]]);
        var failures = Batch(kernel, 3);
        Assert.Equal([(1, Errno.EEXIST), (2, Errno.ENODEV)], failures.Select(failure => (failure.Index, failure.Error.Errno)));
        Assert.Equal("change 2: No such device (ENODEV)", failures[1].Error.Message);
        Assert.Equal([0x01, 0x01, 0x05], new[] { 0, 1, 2 }.Select(index => (int)kernel.Sent[0][(index * 20) + 6]));
    }

    [Fact]
    public void ALargeBatch_IsSentInPieces_AndCountsThrough()
    {
        var kernel = new ScriptedTransport((_, sent) => [Ack(Sequence(sent, (sent.Length / 20) - 1), Errno.ENODEV)]);
        var failures = Batch(kernel, 5000);
        Assert.Equal([2047, 4095, 4999], failures.Select(failure => failure.Index));
        Assert.Empty(Batch(kernel, 0));
    }

    [Fact]
    public void ATransaction_WhoseBeginIsRefused_Ends()
    {
        var kernel = new ScriptedTransport((_, sent) => [Ack(Sequence(sent), Errno.ERESTART)]);
        var writer = Messages(4);
        var failure = Assert.Single(new NetlinkSocket(kernel).Transact(ref writer, index => $"message {index}"));
        Assert.Equal((0, Errno.ERESTART), (failure.Index, failure.Error.Errno));
        Assert.Equal([0x01, 0x01, 0x05, 0x01], new[] { 0, 1, 2, 3 }.Select(index => (int)kernel.Sent[0][(index * 20) + 6]));
    }

    [Fact]
    public void ADump_CollectsUntilDone()
    {
        var kernel = new ScriptedTransport((_, sent) => [[.. Item(sent, 1), .. Item(sent, 2)], Item(sent, 3), Done(Sequence(sent))]);
        Assert.Equal([1, 2, 3], Dump(kernel));
    }

    [Fact]
    public void AnInterruptedDump_IsReadAgain_AndItsAnswerThrownAway()
    {
        var kernel = new ScriptedTransport((round, sent) => round < 4
            ? [Item(sent, 9, NetlinkFlags.DumpInterrupted), Done(Sequence(sent), NetlinkFlags.Multi | NetlinkFlags.DumpInterrupted)]
            : [Item(sent, 1), Done(Sequence(sent))]);
        Assert.Equal([1], Dump(kernel));
        Assert.Equal(4, kernel.Sent.Count);
    }

    [Fact]
    public void ADumpThatIsInterruptedEveryTime_EndsWithAnError()
    {
        var kernel = new ScriptedTransport((_, sent) => [Done(Sequence(sent), NetlinkFlags.DumpInterrupted)]);
        Assert.Equal(Errno.EAGAIN, Assert.Throws<NetlinkException>(() => Dump(kernel)).Errno);
        Assert.InRange(kernel.Sent.Count, 10, 100);
    }

    [Fact]
    public void ADatagramBeyondTheBuffer_IsAskedForAgainWithALargerOne()
    {
        var kernel = new ScriptedTransport((_, sent) => [Message(20, NetlinkFlags.Multi, Sequence(sent), 77, [5, .. new byte[100_003]]), Done(Sequence(sent))]);
        Assert.Equal([5], Dump(kernel));
        Assert.Equal(2, kernel.Sent.Count);
    }

    [Fact]
    public void ARefusedDump_Throws_AndTheNextOneStartsClean()
    {
        var kernel = new ScriptedTransport((round, sent) => round == 1
            ? [Item(sent, 1), Message(3, NetlinkFlags.Multi, Sequence(sent), 77, 0xff, 0xff, 0xff, 0xff), Item(sent, 2)]
            : [Item(sent, 3), Done(Sequence(sent))]);
        var socket = new NetlinkSocket(kernel);
        Assert.Equal(Errno.EPERM, Assert.Throws<NetlinkException>(() => Dump(socket)).Errno);
        Assert.Equal([3], Dump(socket));
    }

    [Fact]
    public void AnAcknowledgementCutAtAnyLength_IsMalformed()
    {
        for (var length = 1; length < Ack(1, Errno.EINVAL, "words").Length; length++)
        {
            var size = length;
            Assert.Throws<WireFormatException>(() => Request(new ScriptedTransport((_, sent) => [Ack(Sequence(sent), Errno.EINVAL, "words")[..size]])));
        }
    }

    [Fact]
    public void RandomAnswers_AreErrorsThatEnd()
    {
        var random = new Random(99);
        for (var round = 0; round < 20_000; round++)
        {
            var kernel = new ScriptedTransport((_, sent) => [Mutated(random, Ack(Sequence(sent), Errno.EINVAL, "words")), Mutated(random, Item(sent, 1))]);
            Tolerate(() => Request(kernel));
            Tolerate(() => Dump(kernel));
        }
    }

    [Fact]
    public void AMessageThatWasNotEnded_IsAProgrammersError()
    {
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new NetlinkWriter(new byte[64]);
            writer.BeginMessage(16, NetlinkFlags.Request);
            new NetlinkSocket(new ScriptedTransport((_, _) => [])).Request("try", ref writer);
        });
    }

    private static void Tolerate(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is WireFormatException or NetlinkException)
        {
            // Said clearly, and over.
        }
    }

    private static byte[] Mutated(Random random, byte[] bytes)
    {
        for (var changes = random.Next(6); changes > 0; changes--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes[..random.Next(bytes.Length + 1)];
    }

    private static byte[] Item(byte[] sent, byte value, NetlinkFlags flags = NetlinkFlags.None) =>
        Message(20, NetlinkFlags.Multi | flags, Sequence(sent), 77, value, 0, 0, 0);

    private static NetlinkWriter Messages(int count)
    {
        var writer = new NetlinkWriter(new byte[16]);
        for (var i = 0; i < count; i++)
        {
            var message = writer.BeginMessage(20, NetlinkFlags.Request);
            writer.Append(4);
            writer.EndMessage(message);
        }

        return writer;
    }

    private static void Request(ScriptedTransport kernel)
    {
        var writer = Messages(1);
        new NetlinkSocket(kernel).Request("try", ref writer);
    }

    private static IReadOnlyList<NetlinkFailure> Batch(ScriptedTransport kernel, int count)
    {
        var writer = Messages(count);
        return new NetlinkSocket(kernel).Batch(ref writer, index => $"change {index}");
    }

    private static List<int> Dump(ScriptedTransport kernel) => Dump(new NetlinkSocket(kernel));

    private static List<int> Dump(NetlinkSocket socket)
    {
        var writer = Messages(1);
        return socket.Dump<int>("dump", ref writer, static (in NetlinkMessage message, List<int> results) => results.Add(message.FixedHeader(1)[0]));
    }
}
