using System.Buffers.Binary;
using Kn.Linux.Bpf;

namespace Kn.Routes.FastPath;

/// <summary>The programs in the kernel, and the memory that they share. Filters keep it alive after this process.</summary>
internal sealed class FlowCache : IDisposable
{
    private readonly Lock _lock = new();
    private readonly BpfMap _flows;
    private readonly BpfMap _state;
    private readonly BpfMap _hints;
    private readonly BpfMap _pods;
    private uint _epoch;

    /// <summary>Loads them.</summary>
    /// <exception cref="Kn.Linux.LinuxException">This kernel cannot, or this process may not.</exception>
    public FlowCache()
    {
        var made = new Stack<IDisposable>();
        try
        {
            _flows = Keep(BpfMap.CreateLruHash("kn_flows", FlowLayout.KeyBytes, FlowLayout.ValueBytes, FlowLayout.Flows));
            _state = Keep(BpfMap.CreateArray("kn_flow_state", FlowLayout.StateBytes, 1));
            _hints = Keep(BpfMap.CreateArray("kn_flow_hints", FlowLayout.Hints * sizeof(ulong), 1));
            _pods = Keep(BpfMap.CreateHash("kn_pod_links", sizeof(int), sizeof(uint), FlowLayout.PodLinks));
            Send = Keep(BpfProgram.LoadClassifier("kn_send", FlowPrograms.WriteSend(_flows, _state, _hints)));
            Learn = Keep(BpfProgram.LoadClassifier("kn_learn", FlowPrograms.WriteLearn(_flows, _state, _hints, _pods)));
        }
        catch
        {
            while (made.TryPop(out var part))
            {
                part.Dispose();
            }

            throw;
        }

        T Keep<T>(T part)
            where T : IDisposable
        {
            made.Push(part);
            return part;
        }
    }

    /// <summary>For what comes in.</summary>
    public BpfProgram Send { get; }

    /// <summary>For what leaves.</summary>
    public BpfProgram Learn { get; }

    /// <summary>How often a flow was taken in, or confirmed.</summary>
    public long Taken => (long)BinaryPrimitives.ReadUInt64LittleEndian(ReadState().AsSpan(FlowLayout.StateTaken));

    /// <summary>Says whether packets may go by a link into a pod without a queue.</summary>
    public void SetWithoutQueue(int podLink, bool isSo)
    {
        var key = BitConverter.GetBytes(podLink);
        if (isSo)
        {
            _pods.Write(key, BitConverter.GetBytes(1u));
        }
        else
        {
            _pods.Remove(key);
        }
    }

    /// <summary>Ends the epoch: from now on every flow's next packet goes through the stack again.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            // A flow that is counted between these two lines is not.
            var state = ReadState();
            BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(FlowLayout.StateEpoch), ++_epoch);
            _state.Write(stackalloc byte[sizeof(uint)], state);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Learn.Dispose();
        Send.Dispose();
        _pods.Dispose();
        _hints.Dispose();
        _state.Dispose();
        _flows.Dispose();
    }

    private byte[] ReadState()
    {
        var state = new byte[FlowLayout.StateBytes];
        _ = _state.TryRead(stackalloc byte[sizeof(uint)], state);
        return state;
    }
}
