using Kn.Commands;
using Kn.Hosting.Agent;

namespace Kn.Tests.Commands;

public class StatusTableTests
{
    [Fact]
    public void ReadyAgent()
    {
        var status = new AgentStatus
        {
            Node = "worker-1",
            Version = "0.1.0+abc",
            ProcessId = 4711,
            UptimeSeconds = 3725.9,
            StartSeconds = 0.0421,
            Ready = true,
            Cache = new CacheStatus("https://10.0.0.1:6443/", "api", null, [new KindReport("nodes", 3, "api", null), new KindReport("endpointslices", 1250, "api", null)]),
            Modules =
            [
                Module("routes", "running", ready: true, parts: [new PartReport("routes", true, 2, null, [])]),
                Module("serviceProxy", "running", ready: true, parts: [new PartReport("table", true, 1200, null, [new ProblemReport("Service", "default/web", "its ClusterIP is taken")])]),
                Module("cni", "disabled", ready: false),
            ],
        };
        AssertText(
            """
            node     worker-1
            version  0.1.0+abc
            agent    ready, pid 4711, up 1h2m5s, in place after 0.042 s
            api      https://10.0.0.1:6443/, cache from the API server

            MODULE        STATE     READY  PIECES  PROBLEMS  NOTE
            routes        running   yes    2       0
            serviceProxy  running   yes    1200    1
            cni           disabled  -      0       0

            KIND            OBJECTS  FROM  NOTE
            nodes           3        api
            endpointslices  1250     api

            problems
              serviceProxy: Service default/web: its ClusterIP is taken

            """,
            status);
    }

    [Fact]
    public void AgentThatWaitsForItsKubeconfig()
    {
        var status = new AgentStatus
        {
            Node = "n",
            Version = "1",
            ProcessId = 1,
            UptimeSeconds = 0.2,
            Ready = false,
            Cache = new CacheStatus("", "none", "/etc/kn/kubeconfig: no such file", []),
            Modules =
            [
                Module("cni", "failed", ready: false, error: "no such device", facts: new() { ["pool"] = "10.0.0.0/24" }),
                Module("routes", "running", ready: false, facts: new() { ["pool"] = "10.0.0.0/24", ["used"] = "7" }),
                Module("serviceProxy", "running", ready: true, facts: new() { ["a"] = "b" }, parts: [new PartReport("table", true, 0, "EPERM", [])]),
            ],
        };
        AssertText(
            """
            node     n
            version  1
            agent    not ready, pid 1, up 0s
            api      -, cache from nowhere yet
                     /etc/kn/kubeconfig: no such file

            MODULE        STATE    READY  PIECES  PROBLEMS  NOTE
            cni           failed   no     0       0         no such device
            routes        running  no     0       0         pool 10.0.0.0/24, used 7
            serviceProxy  running  yes    0       0         EPERM

            """,
            status);
    }

    [Fact]
    public void SnapshotOfTheLastRun_IsTold()
    {
        var status = new AgentStatus
        {
            Node = "n",
            Version = "1",
            ProcessId = 1,
            UptimeSeconds = 90061,
            Ready = true,
            Cache = new CacheStatus("https://a/", "snapshot", "connection refused", [new KindReport("nodes", 1, "snapshot", "connection refused")]),
            Modules = [],
        };
        AssertText(
            """
            node     n
            version  1
            agent    ready, pid 1, up 1d1h1m1s
            api      https://a/, cache from the last run's snapshot, the API server is away
                     connection refused

            MODULE  STATE  READY  PIECES  PROBLEMS  NOTE

            KIND   OBJECTS  FROM      NOTE
            nodes  1        snapshot  connection refused

            """,
            status);
    }

    private static void AssertText(string expected, AgentStatus status) => Assert.Equal(expected.ReplaceLineEndings("\n"), StatusTable.Write(status));

    private static ModuleReport Module(
        string name, string state, bool ready, string? error = null, Dictionary<string, string>? facts = null, IReadOnlyList<PartReport>? parts = null) =>
        new(name, state, ready, 0, error, facts ?? [], parts ?? []);
}
