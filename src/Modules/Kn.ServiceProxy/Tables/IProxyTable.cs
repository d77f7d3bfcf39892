namespace Kn.ServiceProxy.Tables;

/// <summary>The table <c>inet kn-proxy</c>, in the kernel or in memory.</summary>
internal interface IProxyTable
{
    /// <summary>What is there; null without a table.</summary>
    ProxyTableContent? Read();

    /// <summary>Does all of a batch, or nothing of it.</summary>
    /// <exception cref="Kn.Linux.Nftables.NftException">The kernel refused it.</exception>
    void Apply(ProxyBatch batch);

    /// <summary>Deletes the table; absent is success.</summary>
    void Remove();
}
