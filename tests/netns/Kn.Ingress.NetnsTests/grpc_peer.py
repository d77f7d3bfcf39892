"""A server and a client of gRPC by Debian's python3-grpcio: bytes go as they are, so that no compiler of messages is needed.

grpc_peer.py serve PORT            answers calls until it is killed
grpc_peer.py call ADDRESS HOST     makes calls of each kind and prints what came of them
"""
import sys
import threading
from concurrent import futures

import grpc


class Methods(grpc.GenericRpcHandler):
    def service(self, call):
        name = call.method.rsplit("/", 1)[-1]
        if name == "Echo":
            return grpc.unary_unary_rpc_method_handler(self.echo)
        if name == "Count":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: (b"%d" % n for n in range(int(request))))
        if name == "Sum":
            return grpc.stream_unary_rpc_method_handler(lambda requests, context: b"%d" % sum(len(r) for r in requests))
        if name == "Chat":
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: (b"<" + r + b">" for r in requests))
        if name == "Fail":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today"))
        if name == "Slow":
            return grpc.unary_unary_rpc_method_handler(self.slow)
        return None

    @staticmethod
    def echo(request, context):
        context.set_trailing_metadata((("x-trailer", dict(context.invocation_metadata()).get("x-asked", "")),))
        return request

    @staticmethod
    def slow(request, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(20)
        return b""


def serve(port):
    server = grpc.server(futures.ThreadPoolExecutor(16), options=(("grpc.max_receive_message_length", -1),))
    server.add_generic_rpc_handlers((Methods(),))
    server.add_insecure_port("127.0.0.1:" + port)
    server.start()
    server.wait_for_termination()


def call(address, host):
    options = (("grpc.default_authority", host), ("grpc.max_receive_message_length", -1))
    with grpc.insecure_channel(address, options) as channel:
        response, state = channel.unary_unary("/kn.Test/Echo").with_call(b"hello", metadata=(("x-asked", "7"),), timeout=20)
        print("echo", response.decode(), dict(state.trailing_metadata())["x-trailer"])
        large = bytes(range(256)) * 20000
        print("large", channel.unary_unary("/kn.Test/Echo")(large, timeout=20) == large)
        print("count", sum(1 for _ in channel.unary_stream("/kn.Test/Count")(b"5000", timeout=20)))
        print("sum", channel.stream_unary("/kn.Test/Sum")((b"x" * 1000 for _ in range(3000)), timeout=20).decode())
        print("chat", b"".join(channel.stream_stream("/kn.Test/Chat")((b"%d" % n for n in range(5)), timeout=20)).decode())
        for name, timeout in (("Fail", 20), ("Nothing", 20), ("Slow", 0.5)):
            try:
                channel.unary_unary("/kn.Test/" + name)(b"", timeout=timeout)
            except grpc.RpcError as error:
                print(name.lower(), error.code().name)


if __name__ == "__main__":
    {"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
