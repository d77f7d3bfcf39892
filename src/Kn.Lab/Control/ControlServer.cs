using System.Net.Sockets;
using System.Text;

namespace Kn.Lab.Control;

/// <summary>Answers <c>kn-lab</c>'s questions to a running lab over a UNIX socket.</summary>
/// <remarks>A question is one line of words split by spaces; the answer is "ok" or "error", a line break, and text to the end.</remarks>
internal sealed class ControlServer(RunningLab lab)
{
    private const int MaxQuestion = 4096;

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        File.Delete(lab.ControlSocket);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(lab.ControlSocket));
        File.SetUnixFileMode(lab.ControlSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(64);
        var conversations = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var connection = await listener.AcceptAsync(cancellationToken);
            conversations.RemoveAll(static conversation => conversation.IsCompleted);
            conversations.Add(ConverseAsync(connection, cancellationToken));
        }
    }

    private async Task ConverseAsync(Socket connection, CancellationToken cancellationToken)
    {
        using (connection)
        {
            try
            {
                var question = await ReadLineAsync(connection, cancellationToken);
                var answer = await AnswerAsync(question, cancellationToken);
                await connection.SendAsync(Encoding.UTF8.GetBytes(answer), cancellationToken);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Whoever asked is gone.
            }
        }
    }

    private async Task<string> AnswerAsync(string question, CancellationToken cancellationToken)
    {
        try
        {
            return "ok\n" + await lab.AnswerAsync(question.Split(' ', StringSplitOptions.RemoveEmptyEntries), cancellationToken);
        }
        catch (FormatException e)
        {
            return "error\n" + e.Message;
        }
    }

    private static async Task<string> ReadLineAsync(Socket connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxQuestion];
        var count = 0;
        while (count < buffer.Length && buffer.AsSpan(0, count).IndexOf((byte)'\n') < 0)
        {
            var read = await connection.ReceiveAsync(buffer.AsMemory(count), cancellationToken);
            if (read == 0)
            {
                break;
            }

            count += read;
        }

        return Encoding.UTF8.GetString(buffer, 0, count).Split('\n')[0];
    }
}
