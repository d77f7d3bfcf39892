using System.Buffers.Binary;
using System.Net.Sockets;
using Kn.Hosting.Control;

namespace Kn.Hosting.Tests;

/// <summary>The asking end of the control socket, against agents that misbehave.</summary>
public sealed class ControlClientTests : IDisposable
{
    private static readonly ControlRequest Question = new("x", new Dictionary<string, string>(), default);

    private readonly string _directory = Directory.CreateTempSubdirectory("kn-client-").FullName;
    private readonly Socket _agent = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private string SocketPath => Path.Combine(_directory, "kn.sock");

    public void Dispose()
    {
        _agent.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void NoSocket_IsNoAgent_WithAHint()
    {
        var fault = Fault(SocketPath);
        Assert.Equal((ControlFault.NoAgent, $"no agent at {SocketPath}: is kn.service running?"), (fault.Fault, fault.Message));
    }

    [Fact]
    public void SocketWithoutListener_IsNoAgent()
    {
        _agent.Bind(new UnixDomainSocketEndPoint(SocketPath));
        Assert.Equal(ControlFault.NoAgent, Fault(SocketPath).Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("kn.sock")]
    [InlineData("/a\0b")]
    public void PathThatIsNone_IsABadRequest(string path) => Assert.Equal(ControlFault.BadRequest, Fault(path).Fault);

    [Fact]
    public void TooLongPath_IsABadRequest() => Assert.Contains("at most 107 bytes", Fault("/" + new string('a', 200)).Message, StringComparison.Ordinal);

    [Fact]
    public void FileThatIsNoSocket_IsToldOf()
    {
        File.WriteAllText(SocketPath, "");
        Assert.Contains(SocketPath, Fault(SocketPath).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequestThatDoesNotFit_IsABadRequest()
    {
        var many = Enumerable.Range(0, 300).ToDictionary(static number => $"n{number}", static _ => "");
        ControlRequest[] requests =
        [
            Question with { Verb = new string('v', 70_000) },
            Question with { Arguments = many },
            Question with { Arguments = new Dictionary<string, string> { [new string('n', 70_000)] = "" } },
            Question with { Body = new byte[ControlProtocol.LargestBytes + 1] },
        ];
        Assert.All(requests, request => Assert.Equal(
            ControlFault.BadRequest,
            Assert.Throws<ControlException>(() => ControlClient.Send(SocketPath, request, TestContexts.Deadline)).Fault));
    }

    [Fact]
    public void SilentAgent_IsGivenUp()
    {
        Listen();
        var fault = Assert.Throws<ControlException>(() => ControlClient.Send(SocketPath, Question, TimeSpan.FromMilliseconds(50)));
        Assert.Equal((ControlFault.Broken, true), (fault.Fault, fault.Message.Contains("was silent", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task NoiseAsAnAnswer_IsAnAnswerOrAFault_NothingElse()
    {
        const int Seed = 20261122;
        const int Rounds = 1500;
        Listen();
        var random = new Random(Seed);
        var agent = Task.Run(() => AnswerWithNoise(random, Rounds));
        var faults = 0;
        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                ControlClient.Send(SocketPath, Question, TestContexts.Deadline);
            }
            catch (ControlException exception)
            {
                Assert.Equal(ControlFault.Broken, exception.Fault);
                faults++;
            }
        }

        await agent.WaitAsync(TestContexts.Deadline);
        Assert.InRange(faults, Rounds / 2, Rounds - 1);
    }

    private void AnswerWithNoise(Random random, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            using var socket = _agent.Accept();
            socket.Receive(new byte[4096]);
            var answer = new byte[random.Next(0, 40)];
            random.NextBytes(answer);
            if (answer.Length >= 8 && round % 2 == 0)
            {
                // A length that is near to the truth: right, too short or too long.
                BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(4), Math.Max(0, answer.Length - 8 + random.Next(-1, 2)));
            }

            socket.Send(answer);
        }
    }

    private static ControlException Fault(string path) => Assert.Throws<ControlException>(() => ControlClient.Send(path, Question, TestContexts.Deadline));

    private void Listen()
    {
        _agent.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _agent.Listen();
    }
}
