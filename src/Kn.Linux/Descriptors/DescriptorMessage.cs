using System.Net.Sockets;
using System.Text;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Descriptors;

/// <summary>A datagram to a service manager, with the open files that came with it (sd_pid_notify_with_fds(3)).</summary>
/// <param name="Text">Lines NAME=VALUE.</param>
/// <param name="Descriptors">The receiver's own copies; whoever has the message disposes them.</param>
public sealed record DescriptorMessage(string Text, IReadOnlyList<SafeFileHandle> Descriptors)
{
    private const int TextBytes = 4096;

    /// <summary>Sends a message, with one open file unless it is null.</summary>
    /// <returns>False when the receiver is gone, or does not take it in time.</returns>
    public static bool TrySend(Socket socket, string text, System.Runtime.InteropServices.SafeHandle? descriptor)
    {
        nint sent;
        Errno error;
        do
        {
            sent = RightsMessage.Send(socket.SafeHandle, Encoding.UTF8.GetBytes(text), descriptor);
            error = sent < 0 ? Libc.LastError : Errno.None;
        }
        while (error == Errno.EINTR);
        return sent >= 0;
    }

    /// <summary>Takes the next message without waiting; null when there is none.</summary>
    public static DescriptorMessage? TryReceive(Socket socket)
    {
        Span<byte> text = stackalloc byte[TextBytes];
        Span<int> numbers = stackalloc int[RightsMessage.MaxDescriptors];
        var received = RightsMessage.Receive(socket.SafeHandle, text, numbers, out var count);
        if (received < 0)
        {
            return null;
        }

        var descriptors = new List<SafeFileHandle>(count);
        foreach (var number in numbers[..count])
        {
            descriptors.Add(new SafeFileHandle(number, ownsHandle: true));
        }

        return new DescriptorMessage(Encoding.UTF8.GetString(text[..(int)received]), descriptors);
    }

    /// <summary>The value of a line, or null.</summary>
    public string? Value(string name)
    {
        foreach (var line in Text.Split('\n'))
        {
            if (line.Length > name.Length && line[name.Length] == '=' && line.StartsWith(name, StringComparison.Ordinal))
            {
                return line[(name.Length + 1)..];
            }
        }

        return null;
    }
}
