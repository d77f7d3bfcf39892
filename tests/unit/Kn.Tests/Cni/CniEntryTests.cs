using System.Text;
using System.Text.Json;
using Kn.Cni;
using Kn.Hosting.Control;
using Kn.Testing.Control;

namespace Kn.Tests.Cni;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class CniEntryTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly ScriptedAgent _agent = new();

    public static TheoryData<string> Commands => ["ADD", "DEL", "CHECK", "GC", "STATUS"];

    private string SocketPath => _agent.SocketPath;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _agent.DisposeAsync().AsTask();

    [Theory]
    [InlineData("""{"cniVersion":"1.0.0"}""", "1.0.0")]
    [InlineData("", "1.1.0")]
    [InlineData("garbage", "1.1.0")]
    public void Version_IsAnsweredWithoutAnAgent(string input, string expected)
    {
        var (exit, output) = Run("VERSION", input);
        Assert.Equal(0, exit);
        Assert.Equal($$"""{"cniVersion":"{{expected}}","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}""" + "\n", output);
    }

    [Theory, MemberData(nameof(Commands))]
    public void WithoutAnAgent_OnlyDelSucceeds(string command)
    {
        var (exit, output) = Run(command, Config("0.4.0", SocketPath));
        if (command == "DEL")
        {
            Assert.Equal((0, ""), (exit, output));
            return;
        }

        Assert.Equal(1, exit);
        AssertError(output, 11, "0.4.0", $"no agent at {SocketPath}: is kn.service running?");
    }

    [Theory]
    [InlineData("ADD", 1)]
    [InlineData("DEL", 0)]
    public void SocketThatItsAgentLeftBehind_IsNoAgent(string command, int expected)
    {
        using (var left = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            left.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(SocketPath));
        }

        var (exit, output) = Run(command, Config("1.0.0", SocketPath));
        Assert.Equal(expected, exit);
        Assert.Equal(expected == 0, output.Length == 0);
    }

    [Theory, MemberData(nameof(Commands))]
    public void Answer_IsPassedOn_WithItsExitCode(string command)
    {
        ControlRequest? seen = null;
        _agent.Handlers.Set("cni", (request, _) =>
        {
            seen = request;
            return Task.FromResult(new ControlResponse(1, "{\"x\":1}"u8.ToArray()));
        });
        _agent.Serve();
        var config = Config("1.0.0", SocketPath);
        Assert.Equal((1, """{"x":1}"""), Run(command, config));
        Assert.Equal(config, Encoding.UTF8.GetString(seen!.Body.Span));
        Assert.Equal(command, seen.Arguments["CNI_COMMAND"]);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task CallThatComesWhileTheModuleStarts_WaitsForIt(string command)
    {
        _agent.Handlers.Expect("cni");
        _agent.Serve();
        var call = Task.Run(() => Run(command, Config("1.0.0", SocketPath)));
        Assert.False(call.IsCompleted);
        _agent.Handlers.Set("cni", static (_, _) => Task.FromResult(new ControlResponse(0, "{}"u8.ToArray())));
        Assert.Equal((0, "{}"), await call.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory, MemberData(nameof(Commands))]
    public void ModuleThatIsNotThere_IsTriedAgain_AlsoByDel(string command)
    {
        _agent.Serve();
        var (exit, output) = Run(command, Config("1.0.0", SocketPath));
        Assert.Equal(1, exit);
        AssertError(output, 11, "1.0.0", "this agent does not answer 'cni' (yet)");
    }

    [Theory, MemberData(nameof(Commands))]
    public void ModuleThatIsOff_HasNothingToDetach(string command)
    {
        _agent.Handlers.SetOff("cni");
        _agent.Serve();
        var (exit, output) = Run(command, Config("1.0.0", SocketPath));
        if (command is "DEL" or "GC")
        {
            Assert.Equal((0, ""), (exit, output));
            return;
        }

        Assert.Equal(1, exit);
        AssertError(output, 11, "1.0.0", "the module cni is switched off in Kn's config");
    }

    [Theory, MemberData(nameof(Commands))]
    public void HandlerThatFails_IsTriedAgain_AlsoByDel(string command)
    {
        _agent.Handlers.Set("cni", static (_, _) => throw new InvalidDataException("as asked"));
        _agent.Serve();
        var (exit, output) = Run(command, Config("1.0.0", SocketPath));
        Assert.Equal(1, exit);
        AssertError(output, 11, "1.0.0", "as asked");
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task AgentThatHangsUp_IsTriedAgain_AlsoByDel(string command)
    {
        using var listener = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        var call = Task.Run(() => Run(command, Config("1.0.0", SocketPath)));
        (await listener.AcceptAsync()).Dispose();
        var (exit, output) = await call.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, exit);
        AssertError(output, 11, "1.0.0", null);
    }

    [Theory]
    [InlineData("relative/kn.sock")]
    [InlineData("")]
    [InlineData("/a\\u0000b")]
    [InlineData("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void SocketThatCannotBeOne_IsAnInvalidConfig(string path)
    {
        foreach (var command in new[] { "ADD", "DEL", "CHECK", "GC", "STATUS" })
        {
            var (exit, output) = Run(command, Config("1.0.0", path));
            Assert.Equal(1, exit);
            AssertError(output, 7, "1.0.0", null);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("add")]
    [InlineData("UPDATE")]
    public void UnknownCommand_IsRefused(string command)
    {
        var (exit, output) = Run(command, Config("1.0.0", SocketPath));
        Assert.Equal(1, exit);
        AssertError(output, 4, "1.1.0", "expected ADD, DEL, CHECK, GC, STATUS or VERSION");
    }

    [Fact]
    public void TooLongInput_IsRefused_WithoutReadingItAll()
    {
        using var endless = new EndlessStream();
        using var output = new MemoryStream();
        Assert.Equal(1, CniEntry.Run("ADD", new Dictionary<string, string>(), endless, output));
        AssertError(Encoding.UTF8.GetString(output.ToArray()), 6, "1.1.0", "more than 1048576 bytes on standard input");
        Assert.InRange(endless.BytesRead, 1 << 20, 4 << 20);
    }

    [Fact]
    public void Argument_LongerThanAnyEnvironment_IsPassedOn()
    {
        _agent.Handlers.Set("cni", static (request, _) => Task.FromResult(new ControlResponse(0, Encoding.UTF8.GetBytes($"{request.Arguments["CNI_ARGS"].Length}"))));
        _agent.Serve();
        Assert.Equal((0, "131072"), Run("ADD", Config("1.0.0", SocketPath), ("CNI_ARGS", new string('x', 131072))));
    }

    [Fact]
    public void EveryTruncation_IsAnErrorObject()
    {
        var config = Encoding.UTF8.GetBytes(Config("1.0.0", SocketPath));
        for (var length = 0; length < config.Length; length++)
        {
            AssertRefused("DEL", config[..length], $"truncated to {length} bytes");
        }
    }

    [Fact]
    public void Noise_IsAnErrorObject_NeverAnException()
    {
        const int Seed = 20261121;
        var random = new Random(Seed);
        var config = Encoding.UTF8.GetBytes(Config("1.0.0", SocketPath));
        for (var round = 0; round < 6000; round++)
        {
            var bytes = round % 2 == 0 ? Noise(random) : Mutation(random, config);
            using var output = new MemoryStream();
            var exit = CniEntry.Run("ADD", new Dictionary<string, string>(), new MemoryStream(bytes), output);
            var text = Encoding.UTF8.GetString(output.ToArray());
            Assert.True(exit == 1, $"seed {Seed}, round {round}: exit code {exit} for {Convert.ToHexString(bytes)}");
            using var error = JsonDocument.Parse(text);
            Assert.Contains(error.RootElement.GetProperty("code").GetInt32(), new[] { 6, 7, 11 });
        }
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(0, 200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutation(Random random, byte[] good)
    {
        var bytes = good.ToArray();
        for (var count = random.Next(1, 5); count > 0; count--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private static void AssertRefused(string command, byte[] input, string what)
    {
        using var output = new MemoryStream();
        Assert.True(CniEntry.Run(command, new Dictionary<string, string>(), new MemoryStream(input), output) == 1, what);
        AssertError(Encoding.UTF8.GetString(output.ToArray()), 6, null, null);
    }

    private static void AssertError(string output, int code, string? version, string? details)
    {
        using var error = JsonDocument.Parse(output);
        Assert.Equal(code, error.RootElement.GetProperty("code").GetInt32());
        Assert.NotEmpty(error.RootElement.GetProperty("msg").GetString()!);
        Assert.Equal(version ?? error.RootElement.GetProperty("cniVersion").GetString(), error.RootElement.GetProperty("cniVersion").GetString());
        if (details is not null)
        {
            Assert.Equal(details, error.RootElement.GetProperty("details").GetString());
        }
    }

    private static string Config(string version, string socket) =>
        $$"""{"cniVersion":"{{version}}","name":"kn","type":"kn","ipam":{"socket":"/not/this","cniVersion":[1,{"a":null}]},"socket":"{{socket}}"}""";

    private static (int Exit, string Output) Run(string command, string input, params (string Name, string Value)[] variables)
    {
        using var output = new MemoryStream();
        var all = variables.Append(("CNI_COMMAND", command)).ToDictionary(static item => item.Item1, static item => item.Item2);
        var exit = CniEntry.Run(command, all, new MemoryStream(Encoding.UTF8.GetBytes(input)), output);
        return (exit, Encoding.UTF8.GetString(output.ToArray()));
    }

    /// <summary>As /dev/zero on standard input.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        internal long BytesRead { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            BytesRead += count;
            return count;
        }
    }
}
