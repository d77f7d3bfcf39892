using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

/// <summary>A zone made of objects, and answers from it.</summary>
internal sealed class ZoneRig
{
    private readonly Dictionary<DnsKey, ZonePiece> _pieces = [];
    private readonly PodRecords _pods;
    private uint _random = 12345;

    public ZoneRig(params IEnumerable<KubernetesObject> objects)
        : this(PodRecords.Insecure, objects)
    {
    }

    public ZoneRig(PodRecords pods, params IEnumerable<KubernetesObject> objects)
    {
        _pods = pods;
        Settings = new ZoneSettings("cluster.local") { Pods = pods };
        Responder = new ZoneResponder(Settings, Records, Servers);
        Servers.Set([IpAddress.Parse("10.96.0.10"), IpAddress.Parse("fd00:96::a")]);
        Be(ClusterSnapshot.Of([Build.Default, .. objects]));
    }

    public ZoneSettings Settings { get; }

    public ZoneRecords Records { get; } = new();

    public ClusterDnsAddresses Servers { get; } = new();

    public ZoneResponder Responder { get; }

    public ClusterSnapshot Cluster { get; private set; } = ClusterSnapshot.Empty;

    public List<Problem> Problems { get; } = [];

    /// <summary>Plans every key and applies what differs.</summary>
    public void Be(ClusterSnapshot cluster)
    {
        Cluster = cluster;
        foreach (var key in ZonePlan.Keys(cluster, _pods).Concat(_pieces.Keys).ToHashSet())
        {
            Plan(key);
        }

        Records.Publish(1);
    }

    /// <summary>Plans what a change affects, as the loop does.</summary>
    public void Change(KubernetesObject? before, KubernetesObject? after)
    {
        Cluster = after is not null ? Cluster.With(after) : Cluster.Without(before!);
        var keys = new HashSet<DnsKey>();
        ZonePlan.AddAffectedKeys(Cluster, new ObjectChange(before, after), _pods, keys);
        foreach (var key in keys)
        {
            Plan(key);
        }
    }

    public Response Ask(string name, DnsType type = DnsType.A, Edns? edns = null, DnsTransport transport = DnsTransport.Udp) => Ask(name, type, out _, edns, transport);

    public Response Ask(string name, DnsType type, out AnswerRule rule, Edns? edns = null, DnsTransport transport = DnsTransport.Udp)
    {
        var query = Messages.Read(Messages.Query(name, type, edns: edns), transport);
        var response = new byte[query.ResponseLimit];
        var answer = Responder.Answer(query, response, ref _random);
        rule = answer.Rule;
        Assert.True(answer.Length > 0, $"{name} is not the zone's");
        return Messages.Parse(response.AsSpan(0, answer.Length));
    }

    public bool IsOurs(string name, DnsType type)
    {
        var query = Messages.Read(Messages.Query(name, type));
        return Responder.Answer(query, new byte[512], ref _random).Length > 0;
    }

    private void Plan(DnsKey key)
    {
        var problems = new Problems();
        var before = _pieces.GetValueOrDefault(key);
        var after = ZonePlan.Plan(Cluster, key, problems);
        Problems.AddRange(problems.All);
        if (Equals(before, after))
        {
            return;
        }

        Records.Change(before, after);
        if (after is null)
        {
            _pieces.Remove(key);
        }
        else
        {
            _pieces[key] = after;
        }
    }
}
