namespace Kn.Linux.Bpf;

/// <summary>A register of the BPF machine, 64 bits each.</summary>
/// <remarks>Documentation/bpf/standardization/abi.rst: R0 results, R1 to R5 arguments, which a call destroys; R6 to R9 survive calls; R10 is the end of the
/// stack, read only.</remarks>
public enum BpfRegister : byte
{
    /// <summary>What a call or the program returns.</summary>
    R0,

    /// <summary>First argument; the context at the program's start.</summary>
    R1,

    /// <summary>Second argument.</summary>
    R2,

    /// <summary>Third argument.</summary>
    R3,

    /// <summary>Fourth argument.</summary>
    R4,

    /// <summary>Fifth argument.</summary>
    R5,

    /// <summary>Survives calls.</summary>
    R6,

    /// <summary>Survives calls.</summary>
    R7,

    /// <summary>Survives calls.</summary>
    R8,

    /// <summary>Survives calls.</summary>
    R9,

    /// <summary>End of the stack: places on it are at negative offsets.</summary>
    Stack,
}

/// <summary>How much a load or a store moves.</summary>
/// <remarks>The size bits of an opcode, uapi/linux/bpf_common.h.</remarks>
public enum BpfSize : byte
{
    /// <summary>4 bytes.</summary>
    Word = 0x00,

    /// <summary>2 bytes.</summary>
    Half = 0x08,

    /// <summary>1 byte.</summary>
    Byte = 0x10,

    /// <summary>8 bytes.</summary>
    Double = 0x18,
}

/// <summary>What a jump asks; all without sign.</summary>
/// <remarks>The operation bits of an opcode, uapi/linux/bpf.h.</remarks>
public enum BpfTest : byte
{
    /// <summary>Both are the same.</summary>
    Equal = 0x10,

    /// <summary>The register is larger.</summary>
    Greater = 0x20,

    /// <summary>They have a bit in common.</summary>
    AnyBit = 0x40,

    /// <summary>They differ.</summary>
    NotEqual = 0x50,

    /// <summary>The register is smaller.</summary>
    Less = 0xa0,
}

/// <summary>Functions of the kernel that a program calls.</summary>
/// <remarks>enum bpf_func_id, uapi/linux/bpf.h. None of these is for programs under the GPL alone.</remarks>
public enum BpfFunction
{
    /// <summary>(map, key) → value, or null.</summary>
    MapLookup = 1,

    /// <summary>(map, key, value, flags) → 0 or an error.</summary>
    MapUpdate = 2,

    /// <summary>() → 32 random bits.</summary>
    Random = 7,

    /// <summary>(link index, flags) → the verdict that sends the packet out of the link.</summary>
    Redirect = 23,

    /// <summary>(link index, flags) → the verdict that has a veth's other end receive the packet at once; for a program at ingress. Since Linux 5.10.</summary>
    RedirectPeer = 155,

    /// <summary>() → nanoseconds since the start, as of the last tick: cheaper than the exact time. Since Linux 5.11.</summary>
    CoarseTime = 160,
}
