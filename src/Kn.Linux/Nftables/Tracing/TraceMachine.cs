using System.Buffers.Binary;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Tracing;

/// <summary>Registers and packet while rules run.</summary>
internal sealed class TraceMachine(NftTable table, Func<uint, uint> random)
{
    private readonly TraceSets _sets = new(table);
    private readonly byte[] _registers = new byte[NftRegister.Words * 4];
    private readonly Dictionary<NumberGenerator, uint> _counts = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _path = [];
    private TracePacket _packet = new(default, default, default, 0, 0);
    private TraceResult _result = new(default, new TracePacket(default, default, default, 0, 0), default);

    internal void Begin(TracePacket packet)
    {
        _packet = packet;
        _path.Clear();
        _result = new TraceResult(NftVerdictKind.Accept, packet, default);
    }

    internal void Note(string step) => _path.Add(step);

    internal TraceResult Finish(NftVerdictKind verdict) => _result with { Verdict = verdict, Packet = _packet, Path = _path.ToValueList() };

    /// <summary>The rule's verdict; break where an expression did not match.</summary>
    internal NftVerdict Run(NftRule rule)
    {
        _registers.AsSpan().Clear();
        foreach (var expression in rule.Expressions)
        {
            var verdict = Run(expression);
            if (verdict is not null)
            {
                return verdict;
            }
        }

        return Verdict.Continue;
    }

    private static NftVerdict? Go(bool on) => on ? null : new NftVerdict(NftVerdictKind.Break);

    private NftVerdict? Run(NftExpression expression)
    {
        switch (expression)
        {
            case PayloadLoad load:
                return Go(TraceFields.TryLoad(_packet, load, At(load.Destination)));
            case MetaLoad load:
                return Put(load.Destination, TraceFields.Load(_packet, load.Key));
            case CtLoad load:
                return TraceFields.Load(_packet, load) is { } value ? Put(load.Destination, value) : Go(false);
            case FibLoad { Result: FibResult.AddressType } load:
                return Put(load.Destination, NftValue.Of((uint)_packet.KindOf(load.Flags.HasFlag(FibFlags.Source) ? _packet.Source : _packet.Destination)));
            case Immediate immediate:
                return Put(immediate.Destination, immediate.Value);
            case ImmediateVerdict immediate:
                return immediate.Verdict.Kind == NftVerdictKind.Continue ? null : immediate.Verdict;
            case NumberGenerator generator:
                return Put(generator.Destination, NftValue.Of(generator.Offset + Next(generator)));
            case JenkinsHash hash:
                return Put(hash.Destination, NftValue.Of(hash.Offset + (random(hash.Modulus) % hash.Modulus)));
            case Bitwise bitwise:
                return RunBitwise(bitwise);
            case ByteOrder { LengthBytes: sizeof(uint), SizeBytes: sizeof(uint) } order:
                return RunByteOrder(order);
            case Compare compare:
                return Go(Compares(compare));
            case RangeCompare range:
                return Go(range.IsInverted != (Value(range.Source, range.From.Length) >= range.From && Value(range.Source, range.To.Length) <= range.To));
            case Lookup lookup:
                return RunLookup(lookup);
            case DynamicSet dynamic:
                return Go(RunDynamic(dynamic));
            case Nat or Masquerade or Reject or MetaSet or CtSet:
                return RunStatement(expression);
            case Counter or Limit or LogPacket or NoTrack or ObjectReference:
                return null;
            default:
                throw new InvalidOperationException($"the tracer does not know {expression}");
        }
    }

    private NftVerdict? RunStatement(NftExpression expression)
    {
        switch (expression)
        {
            case MetaSet { Key: MetaKey.Priority } set:
                _packet = _packet with { Priority = Value(set.Source, sizeof(uint)).ToUInt32() };
                return null;
            case MetaSet { Key: MetaKey.Mark } set:
                _packet = _packet with { Mark = Value(set.Source, sizeof(uint)).ToUInt32() };
                return null;
            case CtSet { Key: CtKey.Mark } set:
                _packet = _packet with { CtMark = Value(set.Source, sizeof(uint)).ToUInt32() };
                return null;
            case Reject reject:
                _result = _result with { Rejected = reject.Kind };
                return Verdict.Drop;
            case Masquerade:
                _result = _result with { IsMasqueraded = true };
                return Verdict.Accept;
            case Nat { Kind: NatKind.Destination } nat:
                Translate(nat);
                return Verdict.Accept;
            default:
                throw new InvalidOperationException($"the tracer does not know {expression}");
        }
    }

    private void Translate(Nat nat)
    {
        var length = nat.Family == NftFamily.Ip6 ? 16 : 4;
        var original = _packet.TupleOf(ConnectionDirection.Original);
        var address = nat.Address is { } register ? IpAddress.FromBytes(Value(register, length).Bytes) : _packet.Destination;
        ushort? port = nat.Port is { } portRegister ? BinaryPrimitives.ReadUInt16BigEndian(At(portRegister)) : null;
        _result = _result with { DnatAddress = address, DnatPort = port };
        _packet = _packet with
        {
            Destination = address,
            DestinationPort = port ?? _packet.DestinationPort,
            Status = _packet.Status | ConnectionStatus.DestinationNat,
            Original = original,
        };
    }

    private NftVerdict? RunLookup(Lookup lookup)
    {
        var set = _sets.Find(lookup.SetName);
        var element = _sets.LookUp(set, Value(lookup.Source, set.Key.LengthBytes));
        if (element is null == !lookup.IsInverted)
        {
            return Go(false);
        }

        if (element is not null)
        {
            Note("@" + set.Name);
        }

        return lookup.Destination switch
        {
            { IsVerdict: true } => element?.Verdict is { Kind: NftVerdictKind.Continue } ? null : element?.Verdict,
            { } destination when element is not null => Put(destination, element.Data),
            _ => null,
        };
    }

    private bool RunDynamic(DynamicSet dynamic)
    {
        var set = _sets.Find(dynamic.SetName);
        var key = Value(dynamic.Key, set.Key.LengthBytes);
        if (dynamic.Operation == DynamicSetOperation.Delete)
        {
            return _sets.Remove(set, key);
        }

        var data = set is NftMap { Data: { } fields } && dynamic.DataSource is { } source ? Value(source, fields.LengthBytes) : default;
        if (_sets.LookUp(set, key) is null)
        {
            // Data of an element that is there stays: the kernel only starts its timeout again.
            _sets.Put(set, new NftElement(key, data));
        }

        return true;
    }

    private NftVerdict? RunBitwise(Bitwise bitwise)
    {
        var bytes = Value(bitwise.Source, bitwise.Mask.Length).Bytes.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((bytes[i] & bitwise.Mask.Bytes[i]) ^ bitwise.Xor.Bytes[i]);
        }

        return Put(bitwise.Destination, NftValue.Of(bytes));
    }

    private NftVerdict? RunByteOrder(ByteOrder order)
    {
        var bytes = Value(order.Source, sizeof(uint)).Bytes.ToArray();
        if (BitConverter.IsLittleEndian)
        {
            Array.Reverse(bytes);
        }

        return Put(order.Destination, NftValue.Of(bytes));
    }

    private bool Compares(Compare compare)
    {
        var order = Value(compare.Source, compare.Value.Length).CompareTo(compare.Value);
        return compare.Operator switch
        {
            CompareOperator.Equal => order == 0,
            CompareOperator.NotEqual => order != 0,
            CompareOperator.Less => order < 0,
            CompareOperator.LessOrEqual => order <= 0,
            CompareOperator.Greater => order > 0,
            _ => order >= 0,
        };
    }

    private uint Next(NumberGenerator generator)
    {
        if (generator.Kind == NumberGeneratorKind.Random)
        {
            return random(generator.Modulus) % generator.Modulus;
        }

        // Counted by rule, as in the kernel: by the expression object, not by its value.
        var count = _counts.GetValueOrDefault(generator);
        _counts[generator] = count + 1;
        return count % generator.Modulus;
    }

    private Span<byte> At(NftRegister register) => _registers.AsSpan(register.Word * 4);

    private NftValue Value(NftRegister register, int length) => NftValue.Of(At(register)[..length]);

    private NftVerdict? Put(NftRegister register, NftValue value)
    {
        var padded = At(register)[..((value.Length + 3) & ~3)];
        padded.Clear();
        value.Bytes.CopyTo(padded);
        return null;
    }
}
