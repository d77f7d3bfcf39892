using System.Buffers.Binary;

namespace Kn.Linux.Bpf;

/// <summary>Writes a BPF program, instruction by instruction.</summary>
/// <remarks>Documentation/bpf/standardization/instruction-set.rst; an instruction is
/// <code>opcode u8 | destination 4 bits | source 4 bits | offset s16 | immediate s32</code>
/// in the machine's byte order, which is little-endian wherever Kn runs.</remarks>
public sealed class BpfAssembler
{
    internal const int InstructionBytes = 8;

    private const byte LoadMemory = 0x61;
    private const byte StoreRegister = 0x63;
    private const byte StoreImmediate = 0x62;
    private const byte Load64 = 0x18;
    private const byte AtomicAdd64 = 0xdb;
    private const byte FromRegister = 0x08;
    private const byte Jumps = 0x05;
    private const byte CallFunction = 0x85;
    private const byte ExitProgram = 0x95;
    private const byte PseudoMap = 1;
    private const byte PseudoMapValue = 2;

    private readonly List<byte> _code = [];
    private readonly List<(int At, string Label)> _jumps = [];
    private readonly Dictionary<string, int> _labels = [];

    private int Count => _code.Count / InstructionBytes;

    /// <summary>Reads memory: a packet, the stack, a map's value, the context.</summary>
    public void Load(BpfSize size, BpfRegister to, BpfRegister from, int offset) => Add((byte)(LoadMemory | (byte)size), to, from, offset, 0);

    /// <summary>Writes a register to memory.</summary>
    public void Store(BpfSize size, BpfRegister to, int offset, BpfRegister from) => Add((byte)(StoreRegister | (byte)size), to, from, offset, 0);

    /// <summary>Writes a number to memory.</summary>
    public void Store(BpfSize size, BpfRegister to, int offset, int value) => Add((byte)(StoreImmediate | (byte)size), to, 0, offset, value);

    /// <summary>Adds a register to 8 bytes of memory, atomically.</summary>
    public void AtomicAdd(BpfRegister to, int offset, BpfRegister from) => Add(AtomicAdd64, to, from, offset, 0);

    /// <summary>Copies a register.</summary>
    public void Copy(BpfRegister to, BpfRegister from) => Add(0xbf, to, from, 0, 0);

    /// <summary>Sets a register.</summary>
    public void Set(BpfRegister to, int value) => Add(0xb7, to, 0, 0, value);

    /// <summary>Adds a number; to a pointer, too.</summary>
    public void AddTo(BpfRegister to, int value) => Add(0x07, to, 0, 0, value);

    /// <summary>Adds a register.</summary>
    public void AddTo(BpfRegister to, BpfRegister value) => Add(0x0f, to, value, 0, 0);

    /// <summary>Multiplies, and keeps the lower 64 bits; the number is extended by its sign.</summary>
    public void Multiply(BpfRegister to, int value) => Add(0x27, to, 0, 0, value);

    /// <summary>Turns the bits over that another register has.</summary>
    public void Xor(BpfRegister to, BpfRegister value) => Add(0xaf, to, value, 0, 0);

    /// <summary>Keeps the bits of a mask of the lower half; the upper half becomes zero.</summary>
    public void Mask(BpfRegister to, uint bits) => Add(0x54, to, 0, 0, unchecked((int)bits));

    /// <summary>Shifts to the right.</summary>
    public void ShiftRight(BpfRegister to, int bits) => Add(0x77, to, 0, 0, bits);

    /// <summary>Goes to a label, forwards, when a register and a number are so.</summary>
    public void JumpIf(BpfRegister left, BpfTest test, int right, string label) => AddJump((byte)(Jumps | (byte)test), left, 0, right, label);

    /// <summary>Goes to a label, forwards, when two registers are so.</summary>
    public void JumpIf(BpfRegister left, BpfTest test, BpfRegister right, string label) => AddJump((byte)(Jumps | FromRegister | (byte)test), left, right, 0, label);

    /// <summary>Goes to a label, forwards.</summary>
    public void Jump(string label) => AddJump(Jumps, 0, 0, 0, label);

    /// <summary>The next instruction has this label.</summary>
    public void Label(string name) => _labels.Add(name, Count);

    /// <summary>Calls a function of the kernel.</summary>
    public void Call(BpfFunction function) => Add(CallFunction, 0, 0, 0, (int)function);

    /// <summary>A map, as an argument of calls.</summary>
    public void LoadMap(BpfRegister to, BpfMap map) => AddWide(to, PseudoMap, map.Number, 0);

    /// <summary>The address of an array's first value: no call is needed to read it. Since Linux 5.2.</summary>
    public void LoadFirstValue(BpfRegister to, BpfMap array) => AddWide(to, PseudoMapValue, array.Number, 0);

    /// <summary>Ends the program with what is in R0.</summary>
    public void Exit() => Add(ExitProgram, 0, 0, 0, 0);

    /// <summary>The program; every label that is jumped to must have been given.</summary>
    internal byte[] Assemble()
    {
        var code = _code.ToArray();
        foreach (var (at, label) in _jumps)
        {
            // Counted from the instruction behind the jump.
            BinaryPrimitives.WriteInt16LittleEndian(code.AsSpan((at * InstructionBytes) + 2), checked((short)(_labels[label] - at - 1)));
        }

        return code;
    }

    private void AddJump(byte opcode, BpfRegister left, BpfRegister right, int value, string label)
    {
        _jumps.Add((Count, label));
        Add(opcode, left, right, 0, value);
    }

    private void AddWide(BpfRegister to, byte pseudo, int low, int high)
    {
        Add(Load64, to, (BpfRegister)pseudo, 0, low);
        Add(0, 0, 0, 0, high);
    }

    private void Add(byte opcode, BpfRegister to, BpfRegister from, int offset, int value)
    {
        Span<byte> instruction = stackalloc byte[InstructionBytes];
        instruction[0] = opcode;
        instruction[1] = (byte)((byte)to | ((byte)from << 4));
        BinaryPrimitives.WriteInt16LittleEndian(instruction[2..], checked((short)offset));
        BinaryPrimitives.WriteInt32LittleEndian(instruction[4..], value);
        _code.AddRange(instruction);
    }
}
