using System.Globalization;

namespace Kn.ServiceProxy.Tables;

/// <summary>The version of the table's layout.</summary>
internal static class ProxyLayout
{
    /// <summary>Raised whenever the static sets, chains or rules change, or the meaning of elements does. A table with another number
    /// is replaced whole, in one transaction.</summary>
    public const int Number = 3;

    /// <summary>What a table made with these options says of itself in its comment.</summary>
    public static string Version(ServiceProxyOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"Kn Services, layout {Number}{(options.MasqueradeAll ? ", masquerade all" : "")}{(options.LocalhostNodePorts ? ", guarded loopback" : "")}");

    /// <summary>What stands for the layout of a table whose static part somebody changed; never planned.</summary>
    public static string Damaged(string what) => $"damaged: {what}";
}
