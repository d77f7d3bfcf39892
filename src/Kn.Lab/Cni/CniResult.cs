using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.Cni;

/// <summary>Reading the result of an ADD.</summary>
internal static class CniResult
{
    /// <summary>The addresses of the container's interface, in the result's order: the first is the pod's primary.</summary>
    /// <remarks>CNI specification 1.1, section 5: ips[].interface is an index into interfaces, of which those with a sandbox
    /// are inside the container. An entry without an index counts: version 0.2 knows none.</remarks>
    public static IReadOnlyList<IpAddress> Addresses(JsonObject result)
    {
        var interfaces = result.Maps("interfaces").ToList();
        var found = new List<IpAddress>();
        foreach (var ip in result.Maps("ips"))
        {
            var index = ip.Number("interface");
            var isInside = index is not { } at || at >= interfaces.Count || at < 0 || !string.IsNullOrEmpty(interfaces[(int)at].Text("sandbox"));
            if (isInside && ip.Text("address") is { } text && IpAddress.TryParse(text.Split('/')[0], out var address))
            {
                found.Add(address);
            }
        }

        return found;
    }
}
