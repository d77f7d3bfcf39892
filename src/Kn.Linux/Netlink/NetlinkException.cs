namespace Kn.Linux.Netlink;

/// <summary>The kernel refused a netlink request.</summary>
public sealed class NetlinkException : LinuxException
{
    /// <summary>Says what was tried, the error number, and what the kernel's extended acknowledgement adds.</summary>
    /// <param name="operation">What was tried, with its object: "create veth kn1".</param>
    /// <param name="errno">The error number.</param>
    /// <param name="kernelMessage">The kernel's own words, null when it gave none.</param>
    /// <param name="offsetBytes">Where in the request the offending attribute begins, null when the kernel did not say.</param>
    public NetlinkException(string operation, Errno errno, string? kernelMessage = null, uint? offsetBytes = null)
        : base(operation, errno, Describe(operation, errno, kernelMessage, offsetBytes))
    {
        KernelMessage = kernelMessage;
        OffsetBytes = offsetBytes;
    }

    /// <summary>NLMSGERR_ATTR_MSG: the kernel's own words, null when it gave none.</summary>
    public string? KernelMessage { get; }

    /// <summary>NLMSGERR_ATTR_OFFS: where in the request the offending attribute begins.</summary>
    public uint? OffsetBytes { get; }

    private static string Describe(string operation, Errno errno, string? kernelMessage, uint? offsetBytes)
    {
        var text = Describe(operation, errno);
        if (kernelMessage is not null)
        {
            text += $": {kernelMessage}";
        }

        return offsetBytes is null ? text : $"{text} (at byte {offsetBytes} of the request)";
    }
}
