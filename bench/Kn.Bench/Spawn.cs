using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Kn.Bench;

/// <summary>Starts a program as a container runtime would (posix_spawn, stdin, stdout, environment) and times it, so that the
/// measuring side adds as little as it can and the same to everybody.</summary>
/// <remarks>The child is born in the network namespace of the calling thread.</remarks>
internal static unsafe partial class Spawn
{
    private const int ActionsBytes = 128; // sizeof(posix_spawn_file_actions_t) is 80 on glibc x86-64 and arm64

    /// <summary>Runs the program and waits for its end.</summary>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    public static SpawnResult Run(string path, string[] arguments, string[] environment, ReadOnlySpan<byte> input)
    {
        var started = Stopwatch.GetTimestamp();
        var stdin = Pipe();
        var stdout = Pipe();
        var actions = stackalloc byte[ActionsBytes];
        Check(posix_spawn_file_actions_init(actions), path);
        posix_spawn_file_actions_adddup2(actions, stdin.Read, 0);
        posix_spawn_file_actions_adddup2(actions, stdout.Write, 1);
        using var argv = new StringVector([path, .. arguments]);
        using var envp = new StringVector(environment);
        Check(posix_spawn(out var pid, path, actions, 0, argv.Pointer, envp.Pointer), path);
        posix_spawn_file_actions_destroy(actions);
        close(stdin.Read);
        close(stdout.Write);
        WriteAll(stdin.Write, input);
        close(stdin.Write);
        var output = ReadAll(stdout.Read);
        close(stdout.Read);
        waitpid(pid, out var status, 0);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return new SpawnResult((status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F), output, elapsed);
    }

    private static (int Read, int Write) Pipe()
    {
        var ends = stackalloc int[2];
        Check(pipe2(ends, 0x80000 /* O_CLOEXEC */), "pipe2");
        return (ends[0], ends[1]);
    }

    private static void WriteAll(int descriptor, ReadOnlySpan<byte> input)
    {
        fixed (byte* start = input)
        {
            for (nint done = 0; done < input.Length;)
            {
                var written = write(descriptor, start + done, input.Length - done);
                if (written <= 0)
                {
                    return; // the child went away; its exit code tells
                }

                done += written;
            }
        }
    }

    private static string ReadAll(int descriptor)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[4096];
        for (nint count; (count = read(descriptor, buffer, 4096)) > 0;)
        {
            text.Append(Encoding.UTF8.GetString(buffer, (int)count));
        }

        return text.ToString();
    }

    private static void Check(int error, string what)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"cannot start {what}: error {error}");
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(out int pid, string path, byte* actions, nint attributes, nint argv, nint envp);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int descriptor, int target);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    [LibraryImport("libc")]
    private static partial int waitpid(int pid, out int status, int options);

    /// <summary>A null-terminated array of C strings.</summary>
    private sealed class StringVector : IDisposable
    {
        private readonly nint[] _strings;

        public StringVector(string[] values)
        {
            _strings = [.. values.Select(Marshal.StringToCoTaskMemUTF8), 0];
            Pointer = Marshal.AllocHGlobal(_strings.Length * nint.Size);
            Marshal.Copy(_strings, 0, Pointer, _strings.Length);
        }

        public nint Pointer { get; }

        public void Dispose()
        {
            Marshal.FreeHGlobal(Pointer);
            foreach (var text in _strings)
            {
                Marshal.FreeCoTaskMem(text);
            }
        }
    }
}

/// <summary>How a program ended.</summary>
internal readonly record struct SpawnResult(int ExitCode, string Output, TimeSpan Elapsed);
