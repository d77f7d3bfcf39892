using System.Runtime.InteropServices;

namespace Kn.Linux;

/// <summary>The kernel refused a system call.</summary>
public class LinuxException : Exception
{
    /// <summary>Says what was tried and which error number came back.</summary>
    /// <param name="operation">What was tried, with its object: "open /run/netns/a".</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string operation, Errno errno)
        : this(operation, errno, Describe(operation, errno))
    {
    }

    private protected LinuxException(string operation, Errno errno, string message)
        : base(message)
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>What was tried, with its object.</summary>
    public string Operation { get; }

    /// <summary>The kernel's error number.</summary>
    public Errno Errno { get; }

    private protected static string Describe(string operation, Errno errno) =>
        $"{operation}: {Marshal.GetPInvokeErrorMessage((int)errno)} ({errno})";
}
