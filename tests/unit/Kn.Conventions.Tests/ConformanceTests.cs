using System.Text;
using System.Text.RegularExpressions;

namespace Kn.Conventions.Tests;

/// <summary>docs/conformance: a table a specification, written from the names of the tests that carry <see cref="ConformanceAttribute"/>;
/// written anew only with KN_UPDATE_GOLDEN=1.</summary>
public sealed partial class ConformanceTests
{
    private const string Folder = "docs/conformance";

    private static readonly IReadOnlyList<string> ServiceSections = ["Addresses", "Endpoints", "Traffic policies", "Source ranges", "Refusing", "Source addresses", "Choosing", "Affinity", "Connections", "Localhost", "Health checks", "Labels and annotations", "Changes", "Metrics"];

    private static readonly IReadOnlyList<string> IngressSections = ["Classes", "Hosts and paths", "Backends", "TLS", "HTTP/1.1", "HTTP/2", "gRPC", "Annotations", "Balancing", "Clients", "Status", "Changes", "Restart"];

    private static readonly IReadOnlyList<string> PolicySections = ["Isolation", "Peers", "Ports", "Nodes", "Connections", "Changes", "Start and stop"];

    private static readonly IReadOnlyDictionary<string, Specification> Specifications = new Dictionary<string, Specification>(StringComparer.Ordinal)
    {
        ["bgp"] = new("the BGP specifications", "[RFC 4271](https://www.rfc-editor.org/rfc/rfc4271), the RFCs beside it, and what BIRD, FRR and gobgpd make of them", ["Messages", "Errors in an UPDATE", "AS numbers of four bytes", "Sessions", "Choosing", "Telling", "Policies", "Graceful restart", "BFD", "Real peers", "Nodes and routers"]),
        ["cni"] = new("the CNI specification", "[CNI 1.1.0](https://www.cni.dev/docs/spec/) and the conventions beside it", ["Parameters", "VERSION", "ADD", "DEL", "CHECK", "GC", "STATUS", "Result", "Errors", "Chaining", "Capabilities", "Delegated IPAM", "Runtimes"]),
        ["dns"] = new("the Kubernetes DNS specification", "[DNS-based service discovery 1.1.0](https://github.com/kubernetes/dns/blob/master/docs/specification.md), the RFCs under it, and what CoreDNS makes of them", ["Zone", "Services", "Headless Services", "External names", "Pods", "Clients", "Where it is served", "What a client sees", "Transport", "Forwarding", "Cache", "Faults", "Restart"])
        {
            EndToEnd = ["Zone", "Services", "Headless Services", "External names", "Pods", "Clients", "Where it is served", "What a client sees"],
        },
        ["ingress"] = new("the Ingress API", "[Ingress](https://kubernetes.io/docs/concepts/services-networking/ingress/) (networking.k8s.io/v1), the RFCs of HTTP and TLS, and what ingress-nginx makes of them", IngressSections),
        ["load-balancer"] = new("the Service API's load balancers", "Services of type [LoadBalancer](https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer) and what MetalLB makes of them", ["Allocation", "Dual stack", "Requested addresses", "Pools", "Sharing", "loadBalancerClass", "Node ports", "Exhaustion", "Release", "Announcement", "Heartbeats", "Fail-over", "Restart", "Graceful shutdown", "Conflicts", "Leader"]),
        ["policy"] = new("the NetworkPolicy API", "[NetworkPolicy](https://kubernetes.io/docs/concepts/services-networking/network-policies/) (networking.k8s.io/v1) and what is left to implementations", PolicySections) { EndToEnd = PolicySections },
        ["services"] = new("the Service API", "[Services](https://kubernetes.io/docs/reference/networking/virtual-ips/), EndpointSlices and what kube-proxy makes of them", ServiceSections) { EndToEnd = ServiceSections },
    };

    private static readonly IReadOnlyList<Row> Rows = [.. Repository.Files("tests", "*.cs").Order(StringComparer.Ordinal).SelectMany(ReadRows)];

    [Fact]
    public void EveryAttribute_IsOnATest_OfAKnownSpecificationAndSection()
    {
        var attributes = Repository.Files("tests", "*.cs").Sum(static path => Regex.Count(Repository.Read(path), @"^\s*\[Conformance\(", RegexOptions.Multiline));
        Assert.True(attributes > 0, "no rows were found: the search is broken");
        Assert.Equal(attributes, Rows.Count);
        Assert.DoesNotContain(Rows, static row => !Specifications.TryGetValue(row.Specification, out var known) || !known.Sections.Contains(row.Section));
    }

    /// <summary>Tests of one name, each in a project of its own, show one rule in several ways.</summary>
    [Fact]
    public void Rule_IsStatedOnce_InASectionAndAProject()
    {
        Assert.Empty(Rows.GroupBy(static row => (row.Specification, row.Rule, row.Project)).Where(static group => group.Count() > 1).Select(static group => group.Key));
        Assert.Empty(Rows.GroupBy(static row => (row.Specification, row.Rule)).Where(static group => group.Select(static row => row.Section).Distinct().Count() > 1).Select(static group => group.Key));
    }

    [Fact]
    public void Rule_OfASectionThatNeedsIt_HasAnEndToEndTest() =>
        Assert.Empty(Rows.Where(static row => Specifications[row.Specification].EndToEnd.Contains(row.Section))
            .GroupBy(static row => (row.Specification, row.Section, row.Rule))
            .Where(static group => !group.Any(static row => row.IsEndToEnd))
            .Select(static group => group.Key));

    [Fact]
    public void Tables_AreWhatTheTestsSay()
    {
        var expected = Specifications.ToDictionary(static pair => $"{Folder}/{pair.Key}.md", static pair => Write(pair.Value, Rows.Where(row => row.Specification == pair.Key)), StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("KN_UPDATE_GOLDEN") == "1")
        {
            foreach (var (path, text) in expected)
            {
                File.WriteAllText(Path.Combine(Repository.Root, path), text);
            }
        }

        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), Repository.Files(Folder, "*.md").Order(StringComparer.Ordinal));
        Assert.All(expected, static pair => Assert.Equal(pair.Value, Repository.Read(pair.Key)));
    }

    private static string Write(Specification specification, IEnumerable<Row> rows)
    {
        var text = new StringBuilder($"# Conformance with {specification.Title}\n\n")
            .Append($"{specification.Source}, rule by rule. {specification.WhatARowIs}\nare the test's name: `KN_UPDATE_GOLDEN=1 dotnet test tests/unit/Kn.Conventions.Tests` writes this page, and without it the same test\nfails where the page differs.\n");
        foreach (var section in rows.GroupBy(static row => row.Section).OrderBy(group => specification.Sections.ToList().IndexOf(group.Key)))
        {
            text.Append($"\n## {section.Key}\n\n| rule | test |\n| --- | --- |\n");
            foreach (var rule in section.GroupBy(static row => row.Rule))
            {
                text.Append($"| {rule.Key} | {string.Join(", ", rule.OrderByDescending(static row => row.IsEndToEnd).Select(row => row.Link(specification)))} |\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<Row> ReadRows(string path) => Declaration().Matches(Repository.Read(path)).Select(match => new Row(
        match.Groups["specification"].Value,
        match.Groups["section"].Value,
        InWords(match.Groups["name"].Value),
        Path.GetFileNameWithoutExtension(path),
        path));

    /// <summary><c>Add_Twice_IsRefused_AndTheFirstStays</c> → <c>ADD twice is refused, and the first stays</c>.</summary>
    private static string InWords(string name)
    {
        var text = WordStart().Replace(name, " ").Replace('_', ' ').Replace("  ", " ", StringComparison.Ordinal);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static (word, index) => Spell(word, first: index == 0));
        return string.Join(' ', words).Replace(" and the ", ", and the ", StringComparison.Ordinal);
    }

    private static string Spell(string word, bool first)
    {
        var upper = word.ToUpperInvariant();
        if (upper is "ADD" or "DEL" or "CHECK" or "GC" or "STATUS" or "CNI" or "IPAM" or "IP" or "MAC" or "MTU" or "DNS" or "ICMP" or "JSON" or "TCP" or "UDP" or "SCTP" or "API" or "VIP" or "MED" or "TTL" or "MD5" or "RIB" or "TLS" or "SNI" or "HTTP" or "HTTPS" or "RFC" or "CONNECT" or "GOAWAY" or "SETTINGS" or "DATA" or "HEADERS" or "HPACK" or "ALPN" or "GRPCS")
        {
            return upper;
        }

        return first ? word : char.ToLowerInvariant(word[0]) + word[1..];
    }

    [GeneratedRegex("""^\s*\[Conformance\("(?<specification>[^"]+)", "(?<section>[^"]+)"\)\]\s*$(?:\s*^\s*\[[^\n]*\]\s*$)*\s*^\s*public (?:async )?(?:Task|void) (?<name>\w+)\(""", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=(?:^|_|[a-z])A)(?=[A-Z][a-z])")]
    private static partial Regex WordStart();

    private sealed record Specification(string Title, string Source, IReadOnlyList<string> Sections)
    {
        /// <summary>The sections of which each rule must be shown end to end: those that a pod can see.</summary>
        public IReadOnlyList<string> EndToEnd { get; init; } = [];

        public string WhatARowIs => EndToEnd.Count switch
        {
            0 => "A row is a test, and its words",
            _ when EndToEnd.Count == Sections.Count => "A row is a rule, shown in the lab with real clients, and mostly\nin other ways, too. Its words",
            _ => $"A row is a rule. What a pod sees, that is,\n{string.Join(", ", EndToEnd)},\nis shown in the lab by real clients from pods, and mostly in other ways, too. A row's words",
        };
    }

    private sealed record Row(string Specification, string Section, string Rule, string Test, string Path)
    {
        public string Project => Path[..Path.IndexOf('/', "tests/unit/".Length)];

        public bool IsEndToEnd => Path.StartsWith("tests/e2e/", StringComparison.Ordinal);

        /// <summary>Where there are tests of several kinds, the kind is said.</summary>
        public string Link(Specification specification) => $"[{(specification.EndToEnd.Count > 0 ? Path.Split('/')[1] + " " : "")}{Test}](../../{Path})";
    }
}
