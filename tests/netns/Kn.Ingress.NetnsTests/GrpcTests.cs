using System.Runtime.CompilerServices;
using Kn.Ingress.Planning;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Objects;
using Kn.Linux.Streams;
using Kn.NetnsTests;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Ingress.NetnsTests;

/// <summary>The engine between a real client and a real server of gRPC. Needs root and python3-grpcio.</summary>
public sealed class GrpcTests
{
    private const ushort Server = 9003;

    [Fact]
    [Conformance("ingress", "gRPC")]
    public async Task Calls_of_each_kind_with_trailers_errors_and_deadlines_go_through()
    {
        using var space = new TestNamespace("kngrpc");
        using var server = Tool.Start("ip", "netns", "exec", space.Name, "/usr/bin/python3", Script(), "serve", $"{Server}");
        try
        {
            await using var engine = Begin(space, out var port);
            var output = "";
            Eventually.True(() => (output = Call(space, port)).StartsWith("echo", StringComparison.Ordinal), "the server is there");
            Assert.Equal(
                """
                echo hello 7
                large True
                count 5000
                sum 3000000
                chat <0><1><2><3><4>
                fail FAILED_PRECONDITION
                nothing UNIMPLEMENTED
                slow DEADLINE_EXCEEDED

                """,
                output);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
        }
    }

    private static string Call(TestNamespace space, ushort port) =>
        Tool.Try("ip", ["netns", "exec", space.Name, "/usr/bin/python3", Script(), "call", $"127.0.0.1:{port}", "grpc.org"]).Output;

    private static ProxyEngine Begin(TestNamespace space, out ushort port)
    {
        var routes = new LiveRoutes();
        var service = new ObjectKey("ns", "grpc");
        var backend = new BackendRef(service, 80, "") { Protocol = BackendProtocol.Http2 };
        routes.Apply(
        [
            new(RouteKey.Of("grpc.org"), null, new HostPiece([new RouteRule("", PathMatch.Prefix, backend, "Ingress ns/grpc")], null)),
            new(RouteKey.Of(service), null, new ServicePiece([new PortPiece(80, "", [new EndpointAddress(IpAddress.Loopback(IpFamily.V4), Server)])])),
        ]);
        var listener = StreamListener.Listen(IpAddress.Loopback(IpFamily.V4), 0, 128, space.Namespace);
        port = listener.Port;
        var engine = new ProxyEngine(1, new ProxySettings(), new ProxySurroundings(routes, TimeProvider.System, NullLogger.Instance) { Inside = space.Namespace });
        engine.Listen([listener]);
        engine.Start();
        return engine;
    }

    private static string Script([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "grpc_peer.py");
}
