namespace Kn.Cni.Protocol;

/// <summary>What identifies an attachment: the container and the name of the interface in it.</summary>
/// <remarks>CNI specification, "Section 4": a plugin must key its state by network, CNI_CONTAINERID and CNI_IFNAME. One interface of a
/// container belongs to one network, so two of the three suffice.</remarks>
public readonly record struct AttachmentKey(string ContainerId, string InterfaceName)
{
    /// <summary>'container interface'; neither can hold a space.</summary>
    public override string ToString() => $"{ContainerId} {InterfaceName}";
}
