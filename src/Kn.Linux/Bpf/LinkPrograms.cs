using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kn.Linux.Interop;
using Kn.Linux.Routes;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Bpf;

/// <summary>Programs that see a link's packets without a qdisc between ("tcx"), before the filters of clsact; they stay with the link when this process ends.
/// Links are those of the calling thread's network namespace.</summary>
/// <remarks>BPF_PROG_ATTACH with BPF_TCX_INGRESS or BPF_TCX_EGRESS, uapi/linux/bpf.h; since Linux 6.6. They are found by their names again, which takes
/// CAP_SYS_ADMIN. The first one at a place makes the kernel wait for a grace period, 10 ms or so, with its lock of all links held; taking the place of another does not.</remarks>
public static class LinkPrograms
{
    private const int BPF_PROG_ATTACH = 8;
    private const int BPF_PROG_DETACH = 9;
    private const int BPF_PROG_GET_FD_BY_ID = 13;
    private const int BPF_OBJ_GET_INFO_BY_FD = 15;
    private const int BPF_PROG_QUERY = 16;
    private const uint BPF_TCX_INGRESS = 46;
    private const uint BPF_TCX_EGRESS = 47;
    private const uint BPF_F_REPLACE = 4;
    private const int AttachBytes = 32;
    private const int QueryBytes = 64;
    private const int InfoBytes = 80;
    private const int InfoName = 64;

    // BPF_MPROG_MAX, linux/bpf_mprog.h.
    private const int MostAtALink = 64;

    /// <summary>Attaches a program behind those that are there, or in the place of one that has its name.</summary>
    /// <returns>True when it is in a new place, false when it took another's or was there.</returns>
    /// <exception cref="LinuxException">EINVAL: the kernel is older than 6.6. ENODEV: no such link.</exception>
    public static bool Attach(BpfProgram program, int linkIndex, TrafficDirection direction)
    {
        using var old = Find(program.Name, linkIndex, direction);
        Span<byte> attributes = stackalloc byte[AttachBytes];
        Fill(attributes, program.Number, linkIndex, direction);
        if (old is not null)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(attributes[12..], BPF_F_REPLACE);
            BinaryPrimitives.WriteInt32LittleEndian(attributes[16..], (int)old.DangerousGetHandle());
        }

        if (Libc.bpf(BPF_PROG_ATTACH, attributes) >= 0)
        {
            return old is null;
        }

        // EEXIST: this very program is there.
        return Libc.LastError is Errno.EEXIST ? false : throw new LinuxException($"attach BPF program {program.Name} to link #{linkIndex}", Libc.LastError);
    }

    /// <summary>Takes the program of a name from a link.</summary>
    /// <returns>False when there was none, no such link, or a kernel without such places.</returns>
    public static bool Detach(string name, int linkIndex, TrafficDirection direction)
    {
        try
        {
            using var program = Find(name, linkIndex, direction);
            if (program is null)
            {
                return false;
            }

            Span<byte> attributes = stackalloc byte[AttachBytes];
            Fill(attributes, (int)program.DangerousGetHandle(), linkIndex, direction);
            Libc.ThrowIfFailed(Libc.bpf(BPF_PROG_DETACH, attributes), $"detach BPF program {name} from link #{linkIndex}");
            return true;
        }
        catch (LinuxException e) when (e.Errno is Errno.EINVAL or Errno.ENODEV or Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>The names of the programs at a link, in the order in which they see a packet.</summary>
    /// <exception cref="LinuxException">EINVAL: the kernel is older than 6.6. ENODEV: no such link.</exception>
    public static IReadOnlyList<string> Read(int linkIndex, TrafficDirection direction)
    {
        var names = new List<string>();
        foreach (var id in ReadIds(linkIndex, direction))
        {
            using var program = Open(id);
            if (program is not null)
            {
                names.Add(ReadName(program));
            }
        }

        return names;
    }

    private static SafeFileHandle? Find(string name, int linkIndex, TrafficDirection direction)
    {
        foreach (var id in ReadIds(linkIndex, direction))
        {
            var program = Open(id);
            if (program is not null && ReadName(program) == name)
            {
                return program;
            }

            program?.Dispose();
        }

        return null;
    }

    private static unsafe uint[] ReadIds(int linkIndex, TrafficDirection direction)
    {
        var ids = new uint[MostAtALink];
        fixed (uint* start = ids)
        {
            Span<byte> attributes = stackalloc byte[QueryBytes];
            attributes.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(attributes, linkIndex);
            BinaryPrimitives.WriteUInt32LittleEndian(attributes[4..], Place(direction));
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[16..], (ulong)start);
            BinaryPrimitives.WriteInt32LittleEndian(attributes[24..], ids.Length);
            if (Libc.bpf(BPF_PROG_QUERY, attributes) < 0)
            {
                // ENOENT: the link never had any.
                return Libc.LastError is Errno.ENOENT ? [] : throw new LinuxException($"read BPF programs of link #{linkIndex}", Libc.LastError);
            }

            return ids[..BinaryPrimitives.ReadInt32LittleEndian(attributes[24..])];
        }
    }

    /// <returns>Null when it is gone by now.</returns>
    private static SafeFileHandle? Open(uint id)
    {
        Span<byte> attributes = stackalloc byte[3 * sizeof(uint)];
        attributes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(attributes, id);
        var number = Libc.bpf(BPF_PROG_GET_FD_BY_ID, attributes);
        if (number < 0)
        {
            return Libc.LastError is Errno.ENOENT ? null : throw new LinuxException("open a BPF program", Libc.LastError);
        }

        return new SafeFileHandle(number, ownsHandle: true);
    }

    private static unsafe string ReadName(SafeFileHandle program)
    {
        var info = stackalloc byte[InfoBytes];
        new Span<byte>(info, InfoBytes).Clear();
        Span<byte> attributes = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(attributes, (int)program.DangerousGetHandle());
        BinaryPrimitives.WriteInt32LittleEndian(attributes[4..], InfoBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], (ulong)info);
        Libc.ThrowIfFailed(Libc.bpf(BPF_OBJ_GET_INFO_BY_FD, attributes), "read a BPF program's name");
        return Marshal.PtrToStringUTF8((nint)(info + InfoName)) ?? "";
    }

    private static void Fill(Span<byte> attributes, int program, int linkIndex, TrafficDirection direction)
    {
        attributes.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(attributes, linkIndex);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[4..], program);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes[8..], Place(direction));
    }

    private static uint Place(TrafficDirection direction) => direction == TrafficDirection.Ingress ? BPF_TCX_INGRESS : BPF_TCX_EGRESS;
}
