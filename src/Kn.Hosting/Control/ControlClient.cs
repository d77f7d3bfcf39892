using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kn.Hosting.Control;

/// <summary>Asks the agent. Synchronous and without dependencies, because the CNI call starts a process only for this.</summary>
public static class ControlClient
{
    /// <summary>Sends a request and waits for the answer.</summary>
    /// <param name="socketPath">The agent's socket (<see cref="Options.PathOptions.Socket"/>).</param>
    /// <param name="request">What is asked.</param>
    /// <param name="timeout">Longest silence of the agent.</param>
    /// <exception cref="ControlException">No agent answers there, or the answer is not one.</exception>
    public static ControlResponse Send(string socketPath, ControlRequest request, TimeSpan timeout)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.ReceiveTimeout = (int)timeout.TotalMilliseconds;
            socket.SendTimeout = (int)timeout.TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            SendAll(socket, ControlFrame.EncodeRequest(request));
            return ReadAnswer(socket);
        }
        catch (SocketException exception)
        {
            throw new ControlException($"no answer from an agent at {socketPath}: {exception.Message}", exception);
        }
    }

    /// <summary>Whether an agent listens there.</summary>
    public static bool IsAlive(string socketPath)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    private static ControlResponse ReadAnswer(Socket socket)
    {
        Span<byte> header = stackalloc byte[ControlFrame.AnswerHeaderBytes];
        ReadExactly(socket, header);
        var exitCode = BinaryPrimitives.ReadInt32LittleEndian(header);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length > ControlProtocol.LargestBytes)
        {
            throw new ControlException($"the agent's answer says that it has {length} bytes");
        }

        var body = new byte[length];
        ReadExactly(socket, body);
        return new ControlResponse(exitCode, body);
    }

    private static void ReadExactly(Socket socket, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = socket.Receive(bytes);
            if (count == 0)
            {
                throw new ControlException("the agent hung up before it had answered");
            }

            bytes = bytes[count..];
        }
    }
}
