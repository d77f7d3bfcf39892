using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Control;
using Kn.Routes.Bgp.Inspection;

namespace Kn.Commands;

/// <summary><c>kn bgp</c>.</summary>
internal static class BgpCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static Command Create() => new("bgp", "BGP: whom this node speaks with, what is told and learned; take the node out of service.")
    {
        CreateNeighbors(),
        CreateRib(),
        CreateRoutes(),
        CreatePlain("leave", BgpVerb.Leave, "Withdraw Service addresses and ask peers to prefer other ways, until the agent starts anew."),
        CreatePlain("join", BgpVerb.Join, "Take kn bgp leave back."),
        CreateReset(),
    };

    private static Command CreateNeighbors()
    {
        var peer = new Argument<string?>("PEER") { Description = "Only this one, with all that is known of it.", DefaultValueFactory = static _ => null };
        var output = OutputOption.Create(OutputOption.Table);
        var agent = new Target();
        var command = new Command("neighbors", "List the peers: sessions, prefixes, what was agreed on.") { peer, output };
        agent.AddTo(command);
        command.SetAction(result => Ask(
            agent.SocketOf(result),
            body =>
            {
                if (result.GetValue(output) == OutputOption.Json)
                {
                    return Encoding.UTF8.GetString(body.Span) + "\n";
                }

                var reports = JsonSerializer.Deserialize(body.Span, BgpReportJson.Default.ListBgpNeighborReport) ?? [];
                return result.GetValue(peer) is null ? BgpTables.Neighbors(reports) : BgpTables.Whole(reports);
            },
            (BgpVerb.Action, BgpVerb.Neighbors),
            (BgpVerb.Peer, result.GetValue(peer) ?? "")));
        return command;
    }

    private static Command CreateRib()
    {
        var told = new Option<string?>("--told") { Description = "What this peer was told, in place of what is known.", HelpName = "PEER" };
        return CreateStream(
            "rib", "List all paths to all prefixes: * may be used, > is told on, = is used beside it, s is kept of a peer that is away.", BgpVerb.Rib, BgpReportJson.Default.ListBgpPathReport, BgpTables.PathHeading, BgpTables.Path, told);
    }

    private static Command CreateRoutes() =>
        CreateStream("routes", "List what was learned as the kernel has it.", BgpVerb.Routes, BgpReportJson.Default.ListBgpRouteReport, BgpTables.RouteHeading, BgpTables.Route, peer: null);

    private static Command CreateReset()
    {
        var peer = new Argument<string>("PEER") { Description = "Its address." };
        var agent = new Target();
        var command = new Command("reset", "End the session with a peer; it comes back by itself.") { peer };
        agent.AddTo(command);
        command.SetAction(result => Ask(agent.SocketOf(result), Sentence, (BgpVerb.Action, BgpVerb.Reset), (BgpVerb.Peer, result.GetValue(peer)!)));
        return command;
    }

    private static Command CreatePlain(string name, string action, string description)
    {
        var agent = new Target();
        var command = new Command(name, description);
        agent.AddTo(command);
        command.SetAction(result => Ask(agent.SocketOf(result), Sentence, (BgpVerb.Action, action)));
        return command;
    }

    private static Command CreateStream<T>(string name, string description, string action, JsonTypeInfo<List<T>> type, string heading, Func<T, string> write, Option<string?>? peer)
    {
        var family = new Option<string>("--family", "-f") { Description = "Only this family.", DefaultValueFactory = static _ => "" };
        family.AcceptOnlyFromAmong("", "ipv4", "ipv6");
        var output = OutputOption.Create(OutputOption.Table);
        var agent = new Target();
        var command = new Command(name, description) { family, output };
        agent.AddTo(command);
        if (peer is not null)
        {
            command.Add(peer);
        }

        command.SetAction(result => Stream(
            agent.SocketOf(result),
            new PieceWriter<T>(result.GetValue(output) == OutputOption.Json, type, heading, write),
            (BgpVerb.Action, action),
            (BgpVerb.Family, result.GetValue(family)!),
            (BgpVerb.Peer, peer is null ? "" : result.GetValue(peer) ?? "")));
        return command;
    }

    private static string Sentence(ReadOnlyMemory<byte> body) => Encoding.UTF8.GetString(body.Span) + "\n";

    private static int Ask(string? socket, Func<ReadOnlyMemory<byte>, string> write, params (string Name, string Value)[] arguments) => Report(socket, path =>
    {
        var answer = ControlClient.Send(path, RequestOf(arguments), Patience);
        if (answer.ExitCode == BgpVerb.Good)
        {
            Console.Out.Write(write(answer.Body));
        }

        return answer;
    });

    /// <summary>A table may be long: it is printed as it comes.</summary>
    private static int Stream<T>(string? socket, PieceWriter<T> writer, params (string Name, string Value)[] arguments) => Report(socket, path =>
    {
        var answer = ControlClient.Listen(path, RequestOf(arguments), Patience, writer.Write, CancellationToken.None);
        if (answer.ExitCode == BgpVerb.Good)
        {
            writer.End();
        }

        return answer;
    });

    private static ControlRequest RequestOf((string Name, string Value)[] arguments) =>
        new(BgpVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), ReadOnlyMemory<byte>.Empty);

    private static int Report(string? socket, Func<string, ControlResponse> ask)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var answer = ask(socket);
            if (answer.ExitCode == BgpVerb.Good)
            {
                return ExitCode.Ok;
            }

            Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
            return ExitCode.Failure;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    /// <summary>Which agent is asked.</summary>
    private sealed class Target
    {
        private readonly Option<string> _config = ConfigOption.Create();
        private readonly Option<string?> _socket = SocketOption.Create();

        public void AddTo(Command command)
        {
            command.Add(_config);
            command.Add(_socket);
        }

        public string? SocketOf(ParseResult result) => SocketOption.Find(result, _socket, _config);
    }

    /// <summary>Prints pieces, each a list, as one list or one table.</summary>
    private sealed class PieceWriter<T>(bool json, JsonTypeInfo<List<T>> type, string heading, Func<T, string> write)
    {
        private bool _hasBegun;

        public void Write(ReadOnlyMemory<byte> piece)
        {
            if (json)
            {
                // Lists without their brackets, joined.
                var inner = Encoding.UTF8.GetString(piece.Span[1..^1]);
                Console.Out.Write(inner.Length == 0 ? "" : (_hasBegun ? "," : "[") + inner);
                _hasBegun |= inner.Length > 0;
                return;
            }

            Begin();
            foreach (var item in JsonSerializer.Deserialize(piece.Span, type) ?? [])
            {
                Console.Out.WriteLine(write(item));
            }
        }

        public void End()
        {
            if (json)
            {
                Console.Out.WriteLine(_hasBegun ? "]" : "[]");
            }
        }

        private void Begin()
        {
            if (!_hasBegun)
            {
                _hasBegun = true;
                Console.Out.WriteLine(heading);
            }
        }
    }
}
