using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Kn.Lab.Control;

/// <summary>Asks a running lab.</summary>
internal static class ControlClient
{
    /// <summary>Asks one question and returns the answer's text.</summary>
    /// <exception cref="LabException">The lab is not up, or refused.</exception>
    public static string Ask(LabOptions options, params IEnumerable<string> words)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(options.ControlSocket));
        }
        catch (SocketException e)
        {
            throw new LabException($"lab {options.Name} is not up ({options.ControlSocket}: {e.SocketErrorCode})", e);
        }

        using var stream = new NetworkStream(socket);
        stream.Write(Encoding.UTF8.GetBytes(string.Join(' ', words) + "\n"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var verdict = reader.ReadLine();
        var text = reader.ReadToEnd();
        return verdict == "ok" ? text : throw new LabException(text.Length > 0 ? text : $"lab {options.Name} ended while it was asked");
    }

    /// <summary>The lab's state; null while it does not answer.</summary>
    public static LabStatus? TryStatus(LabOptions options)
    {
        try
        {
            return JsonSerializer.Deserialize(Ask(options, "status"), LabJson.Default.LabStatus);
        }
        catch (Exception e) when (e is LabException or IOException)
        {
            return null;
        }
    }
}
