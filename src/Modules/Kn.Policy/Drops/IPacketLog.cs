using Kn.Linux.Nflog;

namespace Kn.Policy.Drops;

/// <summary>The packets that the table logs: the kernel's, or a test's.</summary>
internal interface IPacketLog : IDisposable
{
    /// <summary>The packets in order, until cancelled; <see cref="LoggedPacket.Lost"/> where some are missing.</summary>
    IAsyncEnumerable<LoggedPacket> ReadAllAsync(CancellationToken cancellationToken);
}
