using Kn.Hosting.Control;

namespace Kn.Early;

/// <summary>A CNI call, handed to the agent before the runtime starts: the runtime's words in, the agent's answer out.</summary>
/// <remarks>Takes only what it is sure of. VERSION, a network with an <c>ipam</c> of its own, an agent that is not there, anything that needs words of
/// our own: all that is left to <see cref="Cni.CniEntry"/>, with the standard input that was read.</remarks>
internal static unsafe class EarlyCniCall
{
    /// <summary>More than the managed entry takes.</summary>
    private const int LargestInput = (1 << 20) + 1;

    private const int LongestSocketPath = 107;
    private static NativeBuffer _input;

    /// <summary>Standard input, where it was read to its end and the call not answered.</summary>
    public static ReadOnlySpan<byte> Input => IsInputRead ? _input.Bytes : default;

    /// <summary>Whether standard input is in <see cref="Input"/>.</summary>
    public static bool IsInputRead { get; private set; }

    /// <summary>Whether the agent was asked and did not answer: nobody knows what it did, so it must not be asked again.</summary>
    public static bool IsUnanswered { get; private set; }

    /// <summary>Makes the call that the environment asks for.</summary>
    /// <param name="environment">NAME=VALUE, ended by null.</param>
    /// <param name="exitCode">The agent's.</param>
    /// <returns>False: the managed program has to run.</returns>
    public static bool TryRun(byte** environment, out int exitCode)
    {
        exitCode = 0;
        if (!IsForAgent(Value(environment, "CNI_COMMAND="u8)) || !TryReadInput())
        {
            return false;
        }

        IsInputRead = true;
        NativeBuffer request = default;
        if (_input.Length == LargestInput
            || !EarlyConfig.TryFindSocket(_input.Bytes, out var path)
            || !TryWriteRequest(ref request, environment, _input.Bytes)
            || !TryConnect(path.IsEmpty ? "/run/kn/kn.sock"u8 : path, out var socket))
        {
            return false;
        }

        return TryAsk(socket, request, out exitCode);
    }

    /// <summary>The request as <see cref="ControlProtocol"/> has it: verb "cni", the CNI variables, the configuration.</summary>
    internal static bool TryWriteRequest(ref NativeBuffer request, byte** environment, ReadOnlySpan<byte> config)
    {
        var verb = "cni"u8;
        if (!request.TryAppendUInt32(0) || !request.TryAppendByte(ControlProtocol.Version) || !request.TryAppendUInt16(verb.Length)
            || !request.TryAppend(verb) || !request.TryAppendUInt16(CountVariables(environment)))
        {
            return false;
        }

        for (var entry = environment; *entry != null; entry++)
        {
            if (IsCniVariable(*entry) && !TryWriteVariable(ref request, *entry))
            {
                return false;
            }
        }

        if (!request.TryAppend(config))
        {
            return false;
        }

        request.WriteUInt32(0, request.Length - ControlProtocol.PrefixBytes);
        return true;
    }

    private static bool TryWriteVariable(ref NativeBuffer request, byte* entry)
    {
        var nameLength = 0;
        while (entry[nameLength] != '=')
        {
            nameLength++;
        }

        var value = Text(entry + nameLength + 1);
        return request.TryAppendUInt16(nameLength) && request.TryAppend(new ReadOnlySpan<byte>(entry, nameLength))
            && request.TryAppendUInt32(value.Length) && request.TryAppend(value);
    }

    private static int CountVariables(byte** environment)
    {
        var count = 0;
        for (var entry = environment; *entry != null; entry++)
        {
            count += IsCniVariable(*entry) ? 1 : 0;
        }

        return count;
    }

    private static bool IsCniVariable(byte* entry)
    {
        if (!StartsWith(entry, "CNI_"u8))
        {
            return false;
        }

        for (; *entry != 0; entry++)
        {
            if (*entry == '=')
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsForAgent(byte* command) =>
        command != null && (Is(command, "ADD"u8) || Is(command, "DEL"u8) || Is(command, "CHECK"u8) || Is(command, "GC"u8) || Is(command, "STATUS"u8));

    /// <summary>Reads standard input to its end, or to one byte more than it may have.</summary>
    private static bool TryReadInput()
    {
        while (_input.Length < LargestInput && _input.TryReserve(Math.Min(4096, LargestInput - _input.Length)))
        {
            var count = EarlyLibc.Read(0, _input.End, Math.Min(4096, LargestInput - _input.Length));
            if (count == 0 || (count < 0 && !EarlyLibc.WasInterrupted))
            {
                return count == 0;
            }

            _input.Advance(Math.Max(0, (int)count));
        }

        return _input.Length == LargestInput;
    }

    private static bool TryConnect(ReadOnlySpan<byte> path, out int socket)
    {
        socket = -1;
        if (path.Length > LongestSocketPath || path[0] != '/')
        {
            return false;
        }

        // struct sockaddr_un (unix(7)): the family in two bytes, then the path, ended by a zero.
        var address = stackalloc byte[sizeof(ushort) + LongestSocketPath + 1];
        *(ushort*)address = EarlyLibc.UnixDomain;
        for (var i = 0; i < path.Length; i++)
        {
            address[sizeof(ushort) + i] = path[i];
        }

        address[sizeof(ushort) + path.Length] = 0;
        socket = EarlyLibc.Socket(EarlyLibc.UnixDomain, EarlyLibc.StreamCloseOnExec, 0);
        if (socket < 0)
        {
            return false;
        }

        // struct timeval: seconds, microseconds.
        var patience = stackalloc long[] { ControlProtocol.PatienceSeconds, 0 };
        if (EarlyLibc.SetSocketOption(socket, EarlyLibc.SocketLevel, EarlyLibc.ReceiveTimeout, patience, 2 * sizeof(long)) == 0
            && EarlyLibc.SetSocketOption(socket, EarlyLibc.SocketLevel, EarlyLibc.SendTimeout, patience, 2 * sizeof(long)) == 0
            && EarlyLibc.Connect(socket, address, (uint)(sizeof(ushort) + path.Length + 1)) == 0)
        {
            return true;
        }

        _ = EarlyLibc.Close(socket);
        return false;
    }

    private static bool TryAsk(int socket, NativeBuffer request, out int exitCode)
    {
        NativeBuffer answer = default;
        exitCode = 0;
        if (!TrySend(socket, request.Start, request.Length) || !TryReceive(socket, ref answer, out exitCode))
        {
            IsUnanswered = true;
            return false;
        }

        // A negative code means that nothing was done, and why; CniEntry asks again and has the words for it.
        return exitCode >= 0 && TryPrint(answer);
    }

    private static bool TrySend(int socket, byte* start, int length)
    {
        while (length > 0)
        {
            var count = EarlyLibc.Send(socket, start, length, EarlyLibc.NoSignal);
            if (count < 0 && !EarlyLibc.WasInterrupted)
            {
                return false;
            }

            start += Math.Max(0, count);
            length -= (int)Math.Max(0, count);
        }

        return true;
    }

    /// <summary>Receives an answer: i32 exit code, u32 length, body.</summary>
    private static bool TryReceive(int socket, ref NativeBuffer body, out int exitCode)
    {
        NativeBuffer header = default;
        exitCode = 0;
        if (!TryReceive(socket, ref header, ControlProtocol.AnswerHeaderBytes))
        {
            return false;
        }

        exitCode = *(int*)header.Start;
        var length = *(uint*)(header.Start + sizeof(int));
        return length <= ControlProtocol.LargestBytes && TryReceive(socket, ref body, (int)length);
    }

    private static bool TryReceive(int socket, ref NativeBuffer buffer, int length)
    {
        if (!buffer.TryReserve(length))
        {
            return false;
        }

        while (buffer.Length < length)
        {
            var count = EarlyLibc.Read(socket, buffer.End, length - buffer.Length);
            if (count == 0 || (count < 0 && !EarlyLibc.WasInterrupted))
            {
                return false;
            }

            buffer.Advance(Math.Max(0, (int)count));
        }

        return true;
    }

    private static bool TryPrint(NativeBuffer answer)
    {
        for (var written = 0; written < answer.Length;)
        {
            var count = EarlyLibc.Write(1, answer.Start + written, answer.Length - written);
            if (count < 0 && !EarlyLibc.WasInterrupted)
            {
                IsUnanswered = true;
                return false;
            }

            written += Math.Max(0, (int)count);
        }

        return true;
    }

    private static byte* Value(byte** environment, ReadOnlySpan<byte> nameAndSign)
    {
        for (var entry = environment; *entry != null; entry++)
        {
            if (StartsWith(*entry, nameAndSign))
            {
                return *entry + nameAndSign.Length;
            }
        }

        return null;
    }

    private static bool Is(byte* text, ReadOnlySpan<byte> expected) => StartsWith(text, expected) && text[expected.Length] == 0;

    private static bool StartsWith(byte* text, ReadOnlySpan<byte> start)
    {
        for (var i = 0; i < start.Length; i++)
        {
            if (text[i] != start[i])
            {
                return false;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> Text(byte* text)
    {
        var length = 0;
        while (text[length] != 0)
        {
            length++;
        }

        return new ReadOnlySpan<byte>(text, length);
    }
}
