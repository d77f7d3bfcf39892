using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding.Caching;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>One question and its answer by UDP.</summary>
/// <remarks>Each on a socket of its own, which lives as long as the question: the kernel gives it a random port, and a forger has to hit that and the
/// id at once, while the one question waits (RFC 5452 §9.2). It is connected, so that the kernel drops what comes from elsewhere, and tells
/// of an upstream whose port is closed. A pool of kept sockets would save two system calls of a question that takes a network's round trip anyway,
/// and would give a forger time to find the ports.</remarks>
internal static class DatagramExchange
{
    /// <summary>Beyond what any upstream was allowed (4096): a datagram that fills it was cut.</summary>
    private const int BufferBytes = 4096 + 1;

    /// <summary>Datagrams that are no answer before the question is given up: a flood of guesses is under way, and one may hit.</summary>
    private const int MaxForged = 16;

    /// <summary>Asks.</summary>
    /// <param name="open">Opens the socket.</param>
    /// <param name="upstream">Who is asked.</param>
    /// <param name="query">The message, with its id.</param>
    /// <param name="expected">How long its question is, and whether its name must come back letter by letter.</param>
    /// <param name="ignored">Told of each datagram that is no answer to it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SocketException">The upstream cannot be reached, or has nothing on that port.</exception>
    public static async Task<UpstreamAnswer> AskAsync(
        SocketOpener open,
        IPEndPoint upstream,
        byte[] query,
        (int QuestionLength, bool ExactCase) expected,
        Action<AnswerFault> ignored,
        CancellationToken cancellationToken)
    {
        using var socket = open(upstream.AddressFamily, SocketType.Dgram);
        socket.Connect(upstream);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await socket.SendAsync(query, SocketFlags.None, cancellationToken);
            for (var forged = 0; forged < MaxForged; forged++)
            {
                var length = await socket.ReceiveAsync(buffer.AsMemory(0, BufferBytes), SocketFlags.None, cancellationToken);
                var answer = length == BufferBytes ? UpstreamAnswer.Faulty(AnswerFault.Truncated) : Read(buffer.AsSpan(0, length), query, expected);
                if (answer.Fault is not (AnswerFault.WrongId or AnswerFault.WrongQuestion))
                {
                    return answer;
                }

                ignored(answer.Fault);
            }

            return UpstreamAnswer.Faulty(AnswerFault.WrongId);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Holds a message to its question; one that is sound is copied.</summary>
    public static UpstreamAnswer Read(ReadOnlySpan<byte> message, byte[] query, (int QuestionLength, bool ExactCase) expected)
    {
        var fault = AnswerCheck.Check(message, query, expected.QuestionLength, expected.ExactCase, out var shape);
        return fault == AnswerFault.None ? new UpstreamAnswer(message.ToArray(), shape, fault) : UpstreamAnswer.Faulty(fault);
    }
}
