namespace Kn.Hosting.Pods;

/// <summary>What the node remembers of how it forwarded a flow's earlier packets. Read by the module that keeps such a memory; told to forget by modules that
/// take permissions away. Thread-safe.</summary>
public sealed class ForwardingMemory
{
    /// <summary>Raised on the thread that says <see cref="Forget"/>; a handler must be quick and must not throw.</summary>
    public event Action? Forgotten;

    /// <summary>Says, after a change is in the kernel: every flow's next packet is to be judged by the rules as they are now.</summary>
    public void Forget() => Forgotten?.Invoke();
}
