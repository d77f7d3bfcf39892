using System.Buffers.Binary;
using System.Net.Sockets;
using Kn.Primitives;

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
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            Ask(socket, socketPath, request, timeout);
            return ReadAnswer(socket);
        }
        catch (SocketException exception)
        {
            throw Broken(socketPath, timeout, exception);
        }
    }

    /// <summary>Sends a request whose answer comes in pieces, and hands them over until the answer itself comes.</summary>
    /// <param name="socketPath">The agent's socket.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="timeout">Longest silence until the first piece; from then on silence is no fault.</param>
    /// <param name="onPiece">Gets each piece; called by this thread.</param>
    /// <param name="cancellationToken">Hangs up.</param>
    /// <exception cref="ControlException">No agent answers there, it went away, or the answer is not one.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ControlResponse Listen(
        string socketPath, ControlRequest request, TimeSpan timeout, Action<ReadOnlyMemory<byte>> onPiece, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var hangUp = cancellationToken.Register(() => HangUp(socket));
        var hasBegun = false;
        try
        {
            Ask(socket, socketPath, request, timeout);
            while (true)
            {
                var answer = ReadAnswer(socket);
                if (answer.ExitCode != ControlProtocol.Piece)
                {
                    return answer;
                }

                hasBegun = true;
                socket.ReceiveTimeout = 0;
                onPiece(answer.Body);
            }
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && exception is (SocketException or ControlException))
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        catch (Exception exception) when (hasBegun && exception is (SocketException or ControlException))
        {
            throw new ControlException("the agent has ended", ControlFault.Broken, exception);
        }
        catch (SocketException exception)
        {
            throw Broken(socketPath, timeout, exception);
        }
    }

    /// <summary>Ends a receive(2) of another thread: closing alone may not.</summary>
    private static void HangUp(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Not connected yet, or no longer.
        }
    }

    private static void Ask(Socket socket, string socketPath, ControlRequest request, TimeSpan timeout)
    {
        var frame = Encode(request);
        socket.ReceiveTimeout = (int)timeout.TotalMilliseconds;
        socket.SendTimeout = (int)timeout.TotalMilliseconds;
        Connect(socket, socketPath);
        SendAll(socket, frame);
    }

    private static ControlException Broken(string socketPath, TimeSpan timeout, SocketException exception)
    {
        var what = exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.TryAgain
            ? $"was silent for {timeout.TotalSeconds:0} s"
            : $"broke the connection: {exception.Message}";
        return new ControlException($"the agent at {socketPath} {what}", ControlFault.Broken, exception);
    }

    private static byte[] Encode(ControlRequest request)
    {
        try
        {
            return ControlFrame.EncodeRequest(request);
        }
        catch (WireFormatException exception)
        {
            throw new ControlException(exception.Message, ControlFault.BadRequest, exception);
        }
    }

    private static void Connect(Socket socket, string path)
    {
        try
        {
            socket.Connect(EndPoint(path));
        }
        catch (SocketException exception)
        {
            // The runtime maps ENOENT to the last of these; the first is a socket that its agent left behind (connect(2), unix(7)).
            throw exception.SocketErrorCode switch
            {
                SocketError.ConnectionRefused or SocketError.AddressNotAvailable =>
                    new ControlException($"no agent at {path}: is kn.service running?", ControlFault.NoAgent, exception),
                SocketError.AccessDenied => new ControlException($"{path}: permission denied: only root may ask the agent", ControlFault.Forbidden, exception),
                _ => new ControlException($"{path}: cannot be connected to: {exception.Message}", ControlFault.BadRequest, exception),
            };
        }
    }

    private static UnixDomainSocketEndPoint EndPoint(string path)
    {
        // A leading NUL would be an abstract name, which anybody may own.
        if (!Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ControlException($"'{path}' is not an absolute path of a socket", ControlFault.BadRequest);
        }

        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException exception)
        {
            throw new ControlException($"'{path}' is too long: a socket's path has at most 107 bytes (unix(7))", ControlFault.BadRequest, exception);
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
        Span<byte> header = stackalloc byte[ControlProtocol.AnswerHeaderBytes];
        ReadExactly(socket, header);
        var exitCode = BinaryPrimitives.ReadInt32LittleEndian(header);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length > ControlProtocol.LargestBytes)
        {
            throw new ControlException($"the agent's answer says that it has {length} bytes", ControlFault.Broken);
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
                throw new ControlException("the agent hung up before it had answered", ControlFault.Broken);
            }

            bytes = bytes[count..];
        }
    }
}
