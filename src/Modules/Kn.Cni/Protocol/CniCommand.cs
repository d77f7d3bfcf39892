namespace Kn.Cni.Protocol;

/// <summary>What the runtime asks for (CNI_COMMAND).</summary>
public enum CniCommand
{
    /// <summary>Attach a container.</summary>
    Add,

    /// <summary>Detach it; succeeds when it is not attached.</summary>
    Del,

    /// <summary>Verify an attachment.</summary>
    Check,

    /// <summary>Remove what belongs to no container of the given list.</summary>
    Gc,

    /// <summary>Say whether an ADD could work.</summary>
    Status,

    /// <summary>Say which versions are spoken.</summary>
    Version,
}
