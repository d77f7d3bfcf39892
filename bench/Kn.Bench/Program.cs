using Kn.Bench;
using Kn.Bench.Groups;
using Kn.Bench.Groups.Bgp;
using Kn.Bench.Groups.Dns;
using Kn.Bench.Groups.Ingress;
using Kn.Bench.Groups.LoadBalancers;
using Kn.Bench.Groups.Policy;
using Kn.Bench.Groups.Proxy;

// Usage: Kn.Bench BIN_DIR RESULTS_FILE [GROUP]
if (args.Length is < 2 or > 3)
{
    Console.Error.WriteLine("usage: Kn.Bench BIN_DIR RESULTS_FILE [GROUP]");
    return 2;
}

(string Name, Action<string, Results> Run)[] groups =
[
    ("start", StartBench.Run),
    ("cni", CniBench.Run),
    ("agent", AgentBench.Run),
    ("proxy", ProxyBench.Run),
    ("routes", RoutesBench.Run),
    ("policy", PolicyBench.Run),
    ("dns", DnsBench.Run),
    ("ingress", IngressBench.Run),
    ("ingress", IngressPeersBench.Run),
    ("ingress", IngressChangeBench.Run),
    ("bgp", BgpBench.Run),
    ("lb", LbBench.Run),
    ("lb", BgpServiceBench.Run),
];
var wanted = args.Length == 3 ? groups.Where(group => group.Name == args[2]).ToArray() : groups;
if (wanted.Length == 0)
{
    Console.Error.WriteLine($"no group '{args[2]}'; there are: {string.Join(", ", groups.Select(static group => group.Name))}");
    return 2;
}

var results = new Results(args[1]);
foreach (var group in wanted)
{
    group.Run(args[0], results);
}

return 0;
