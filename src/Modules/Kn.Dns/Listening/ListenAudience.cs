using Kn.Dns.Serving;
using Kn.Dns.Zone;
using Kn.Hosting.Modules;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.Listening;

/// <summary>Who wants to know where DNS is served: the zone's name server, the rules of who may ask, status and log.</summary>
internal sealed class ListenAudience(ClusterDnsAddresses nameServers, ClientRules clients, ModuleStatus status, ILogger logger)
{
    private string _served = "";

    /// <summary>The cluster's DNS addresses are these.</summary>
    public void Told(ValueList<IpAddress> clusterAddresses) => nameServers.Set(clusterAddresses);

    /// <summary>These are about to be served.</summary>
    public void Serves(IEnumerable<IpAddress> addresses, ushort port)
    {
        var all = addresses.Order().ToList();
        clients.SetOwn(all);
        var text = string.Join(", ", all);
        if (text == _served)
        {
            return;
        }

        _served = text;
        status.SetFact("addresses", text.Length == 0 ? null : text);
        if (text.Length > 0)
        {
            DnsLog.Serving(logger, text, port);
        }
    }
}
