using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kn.E2E.Tests.Framework;
using Kn.Hosting.Control;
using Kn.Testing.Control;

namespace Kn.E2E.Tests.Runtime;

/// <summary>The native plugin's process: what it does before the runtime starts, and what it leaves to the managed entry.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class NativeEntryTests : IAsyncLifetime
#pragma warning restore CA1001
{
    /// <summary>A heap too small for the runtime to start with: whoever succeeds under it did without the runtime.</summary>
    private static readonly (string Name, string Value) NoRuntime = ("DOTNET_GCHeapHardLimit", "1000");

    private readonly ScriptedAgent _agent = new();

    public static TheoryData<string> Commands => ["ADD", "DEL", "CHECK", "GC", "STATUS"];

    private string SocketPath => _agent.SocketPath;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _agent.DisposeAsync().AsTask();

    [Fact]
    public async Task Runtime_DoesNotStart_InTheHeapThatTheseTestsGiveIt() =>
        Assert.NotEqual(0, (await RunAsync("VERSION", "{}", NoRuntime)).Exit);

    [Theory, MemberData(nameof(Commands))]
    public async Task Call_IsAnsweredByTheAgent_WithoutTheRuntime(string command)
    {
        ControlRequest? seen = null;
        var answer = new string('x', 300_000);
        Serve(request =>
        {
            seen = request;
            return new ControlResponse(3, Encoding.UTF8.GetBytes(answer));
        });
        var config = Config(SocketPath, new string('p', 100_000));
        Assert.Equal((3, answer), await RunAsync(command, config, NoRuntime, ("CNI_ARGS", "IgnoreUnknown=1;A==b;Ü=ß"), ("CNI_NETNS", ""), ("CNIX", "no")));
        Assert.Equal(config, Encoding.UTF8.GetString(seen!.Body.Span));
        Assert.Equal(
            [("CNI_ARGS", "IgnoreUnknown=1;A==b;Ü=ß"), ("CNI_COMMAND", command), ("CNI_NETNS", "")],
            seen.Arguments.Select(static pair => (pair.Key, pair.Value)).OrderBy(static pair => pair.Key, StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task WithoutAnAgent_OnlyDelSucceeds(string command)
    {
        var (exit, output) = await RunAsync(command, Config(SocketPath));
        if (command == "DEL")
        {
            Assert.Equal((0, ""), (exit, output));
            return;
        }

        AssertError(exit, output, 11, $"no agent at {SocketPath}: is kn.service running?");
    }

    [Fact]
    public async Task ModuleThatIsOff_HasNothingToDetach()
    {
        _agent.Handlers.SetOff("cni");
        Serve(handle: null);
        Assert.Equal((0, ""), await RunAsync("DEL", Config(SocketPath)));
        var (exit, output) = await RunAsync("ADD", Config(SocketPath));
        AssertError(exit, output, 11, "the module cni is switched off in Kn's config");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task AgentThatHangsUp_WasAskedOnce(int bytesOfAnswer)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, 0);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        var call = RunAsync("ADD", Config(SocketPath));
        using (var connection = await listener.AcceptAsync())
        {
            await connection.ReceiveAsync(new byte[4096]);
            await connection.SendAsync(new byte[bytesOfAnswer]);
        }

        var (exit, output) = await call.WaitAsync(TimeSpan.FromSeconds(30));
        AssertError(exit, output, 11, "it took the call and broke the connection before it had answered, or was silent for too long");
        Assert.False(listener.Poll(0, SelectMode.SelectRead), "it asked a second time");
    }

    [Theory]
    [InlineData("garbage", 6)]
    [InlineData("", 6)]
    [InlineData("""{"cniVersion":"1.0.0","name":"kn","type":"kn","socket":"relative"}""", 7)]
    public async Task BadInput_HasItsError(string input, int code)
    {
        var (exit, output) = await RunAsync("ADD", input);
        AssertError(exit, output, code, null);
    }

    [Theory]
    [InlineData(1 << 20, 0)]
    [InlineData((1 << 20) + 1, 1)]
    [InlineData(3 << 20, 1)]
    public async Task Input_HasALimit(int length, int expected)
    {
        Serve(static _ => new ControlResponse(0, default));
        var config = Config(SocketPath);
        var (exit, output) = await RunAsync("ADD", config.Insert(1, new string(' ', length - config.Length)));
        Assert.Equal(expected, exit);
        Assert.Equal(expected == 1, output.Contains("more than 1048576 bytes on standard input", StringComparison.Ordinal));
    }

    private static string Config(string socket, string filler = "") =>
        $$"""{"cniVersion":"1.0.0","name":"kn","type":"kn","filler":["{{filler}}"],"socket":"{{socket}}"}""";

    private static void AssertError(int exit, string output, int code, string? details)
    {
        Assert.Equal(1, exit);
        using var error = JsonDocument.Parse(output);
        Assert.Equal(code, error.RootElement.GetProperty("code").GetInt32());
        if (details is not null)
        {
            Assert.Equal(details, error.RootElement.GetProperty("details").GetString());
        }
    }

    private static async Task<(int Exit, string Output)> RunAsync(string command, string input, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Binaries.Kn) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in variables.Append(("CNI_COMMAND", command)))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It had read enough.
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await errors;
        return (process.ExitCode, await output);
    }

    private void Serve(Func<ControlRequest, ControlResponse>? handle)
    {
        if (handle is not null)
        {
            _agent.Handlers.Set("cni", (request, _) => Task.FromResult(handle(request)));
        }

        _agent.Serve();
    }
}
