using Kn.Lab.Api;

namespace Kn.E2E.Tests.Kubectl;

/// <summary>Every verb that the lab promises, by the kubectl that is installed. Needs no root.</summary>
public class KubectlTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    private static string Pod(string name) => $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec: {{containers: [{{name: c, image: i}}]}}\n";

    private static string Deployment(string name, int replicas) => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{{name}}}}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080, name: http}]}]}
        """;

    [Fact]
    public async Task Version_ApiResources_CanI()
    {
        Assert.Contains("Server Version: v1.32", await kubectl.RunAsync("version"));
        var resources = await kubectl.RunAsync("api-resources");
        Assert.All(new[] { "endpointslices", "networkpolicies", "deployments", "leases" }, name => Assert.Contains(name, resources));
        Assert.Equal("yes", (await kubectl.RunAsync("auth can-i create pods")).Trim());
    }

    [Fact]
    public async Task Apply_IsIdempotent_AndMerges()
    {
        Assert.Contains("created", await kubectl.RunAsync("apply -f -", Pod("applied")));
        Assert.Contains("unchanged", await kubectl.RunAsync("apply -f -", Pod("applied")));
        Assert.Contains("configured", await kubectl.RunAsync("apply -f -", Pod("applied").Replace("{app: applied}", "{app: other}")));
        Assert.Equal("other", await kubectl.RunAsync("get pod applied -o jsonpath={.metadata.labels.app}"));
        Assert.Contains("serverside-applied", await kubectl.RunAsync("apply --server-side -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: b}\n"));
        Assert.Contains("serverside-applied", await kubectl.RunAsync("apply --server-side -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {c: d}\n"));
        Assert.Equal("b-d", await kubectl.RunAsync("get cm ssa -o jsonpath={.data.a}-{.data.c}"));
    }

    [Fact]
    public async Task Create_OfEveryUsualKind()
    {
        foreach (var arguments in new[]
        {
            "create ns made", "create cm m --from-literal=a=b -n made", "create secret generic s --from-literal=a=b -n made", "create sa a -n made",
            "create deploy d --image=i --replicas=0 -n made", "create svc clusterip c --tcp=80:8080 -n made", "create svc nodeport n --tcp=80 -n made",
            "create ingress i --rule=a.b/x=c:80 -n made", "create role r --verb=get --resource=pods -n made", "run p --image=i -n made",
        })
        {
            Assert.Contains("created", await kubectl.RunAsync(arguments));
        }

        Assert.Contains("AlreadyExists", (await kubectl.TryAsync("create ns made")).Errors);
        Assert.Contains("namespaces \"nope\" not found", (await kubectl.TryAsync("create cm m -n nope")).Errors);
        // No kubelet here confirms that the pod has ended, and a namespace waits for its pods.
        await kubectl.RunAsync("delete pod p -n made --grace-period=0 --force");
        Assert.Contains("made", await kubectl.RunAsync("delete ns made --timeout=50s"));
        Assert.Contains("NotFound", (await kubectl.TryAsync("get ns made")).Errors);
    }

    [Fact]
    public async Task Get_InEveryForm()
    {
        await kubectl.RunAsync("apply -f -", Pod("shown"));
        Assert.Matches(@"NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE", await kubectl.RunAsync("get pod shown -o wide"));
        Assert.Contains("\"kind\": \"Pod\"", await kubectl.RunAsync("get pod shown -o json"));
        Assert.Contains("kind: Pod", await kubectl.RunAsync("get pod shown -o yaml"));
        Assert.Equal("pod/shown", (await kubectl.RunAsync("get pods -l app=shown -o name")).Trim());
        Assert.Contains("shown", await kubectl.RunAsync("get pods --selector app!=x,app"));
        Assert.Contains("shown", await kubectl.RunAsync("get pods -A --field-selector metadata.name=shown"));
        Assert.Contains("field label not supported", (await kubectl.TryAsync("get pods --field-selector spec.x=y")).Errors);
        Assert.Matches(@"kubernetes\s+ClusterIP\s+10\.96\.0\.1", await kubectl.RunAsync("get svc -A"));
        Assert.Contains("pod/shown", await kubectl.RunAsync("get all"));
        Assert.Matches(@"NAME\s+ADDRESSTYPE\s+PORTS\s+ENDPOINTS", await kubectl.RunAsync("get endpointslices --chunk-size=1"));
    }

    [Fact]
    public async Task Label_Annotate_Patch()
    {
        await kubectl.RunAsync("create cm changed --from-literal=a=b");
        await kubectl.RunAsync("label cm changed k=v");
        await kubectl.RunAsync("annotate cm changed n=w");
        await kubectl.RunAsync("""patch cm changed --type=merge -p {"data":{"m":"1"}}""");
        await kubectl.RunAsync("""patch cm changed --type=json -p [{"op":"add","path":"/data/j","value":"2"}]""");
        await kubectl.RunAsync("""patch cm changed -p {"data":{"a":null}}""");
        Assert.Equal("v-w-1-2-", await kubectl.RunAsync("get cm changed -o jsonpath={.metadata.labels.k}-{.metadata.annotations.n}-{.data.m}-{.data.j}-{.data.a}"));
    }

    [Fact]
    public async Task Service_WrongIsInvalid_AndClusterIPStays()
    {
        await kubectl.RunAsync("create svc clusterip fixed --tcp=80");
        Assert.Contains("may not change once set", (await kubectl.TryAsync("""patch svc fixed -p {"spec":{"clusterIP":"10.96.9.9"}}""")).Errors);
        Assert.Contains("Invalid value", (await kubectl.TryAsync("""patch svc fixed -p {"spec":{"ports":[{"port":99999,"name":"x"}]}}""")).Errors);
    }

    [Fact]
    public async Task Deployment_Scale_RolloutStatus_Wait_Describe_Delete()
    {
        await kubectl.RunAsync("apply -f -", Deployment("web", 1));
        await kubectl.RunAsync("expose deploy web --port=80 --target-port=http");
        await kubectl.RunAsync("scale deploy web --replicas=2");
        await kubectl.UntilAsync("get rs -l app=web", "2         2");
        foreach (var pod in (await kubectl.RunAsync("get pods -l app=web -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await kubectl.RunAsync($$$"""patch {{{pod}}} --subresource=status -p {"status":{"phase":"Running","podIP":"10.244.0.7","podIPs":[{"ip":"10.244.0.7"}],"conditions":[{"type":"Ready","status":"True"}]}}""");
        }

        Assert.Contains("successfully rolled out", await kubectl.RunAsync("rollout status deploy/web --timeout=50s"));
        Assert.Contains("condition met", await kubectl.RunAsync("wait --for=condition=Available deploy/web --timeout=50s"));
        await kubectl.UntilAsync("get endpointslices -l kubernetes.io/service-name=web", "10.244.0.7,10.244.0.7");
        Assert.Contains("10.244.0.7:8080", await kubectl.RunAsync("describe svc web"));
        Assert.Contains("ScalingReplicaSet", await kubectl.RunAsync("describe deploy web"));
        Assert.Contains("Successfully assigned", await kubectl.RunAsync("describe pods -l app=web"));
        await kubectl.RunAsync("delete deploy web");
        await kubectl.UntilAsync("get pods -l app=web", "Terminating");
    }

    [Fact]
    public async Task Describe_NodeAndNamespace_Explain()
    {
        Assert.Contains("PodCIDRs:                     10.244.0.0/24,fd00:10:244::/64", await kubectl.UntilAsync("describe node n1", "PodCIDRs"));
        Assert.Contains("Active", await kubectl.RunAsync("describe ns default"));
        Assert.Contains("clusterIP", await kubectl.RunAsync("explain service.spec"));
    }

    [Fact]
    public async Task Delete_WaitsForFinalizers()
    {
        await kubectl.RunAsync("apply -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [kn.internal/test]}\n");
        var delete = kubectl.RunAsync("delete cm held --timeout=50s");
        await kubectl.UntilAsync("get cm held -o jsonpath={.metadata.deletionTimestamp}", "T");
        Assert.False(delete.IsCompleted);
        await kubectl.RunAsync("""patch cm held --type=merge -p {"metadata":{"finalizers":null}}""");
        await delete;
        Assert.Contains("NotFound", (await kubectl.TryAsync("get cm held")).Errors);
    }

    [Fact]
    public async Task Delete_OrphanKeepsTheChildren()
    {
        await kubectl.RunAsync("apply -f -", Deployment("orphaned", 0));
        await kubectl.UntilAsync("get rs -l app=orphaned", "orphaned-");
        await kubectl.RunAsync("delete deploy orphaned --cascade=orphan --timeout=50s");
        Assert.Contains("orphaned-", await kubectl.RunAsync("get rs -l app=orphaned"));
    }

    [Fact]
    public async Task CustomResources_AreServed()
    {
        await kubectl.RunAsync("apply -f -", """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: things.test.kn.internal}
            spec:
              group: test.kn.internal
              scope: Namespaced
              names: {plural: things, kind: Thing}
              versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
            """);
        await kubectl.RunAsync("wait --for=condition=Established crd/things.test.kn.internal --timeout=50s");
        await kubectl.RunAsync("apply -f -", "apiVersion: test.kn.internal/v1\nkind: Thing\nmetadata: {name: t}\nspec: {a: 1}\n");
        Assert.Contains("t", await kubectl.RunAsync("get things -o name"));
    }

    [Fact]
    public async Task Watch_OfAnOldVersion_IsGone_AndBookmarksComeAndGo()
    {
        var version = (await kubectl.Client.ListAsync(ApiResources.Leases, "default", null, default)).ResourceVersion;
        var create = Enumerable.Range(0, 1).Select(_ => kubectl.Client.CreateAsync(ApiResources.Secrets, "default", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["generateName"] = "w-" } }, default));
        await Task.WhenAll(create);
        await foreach (var change in kubectl.Client.WatchAsync(ApiResources.Leases, "default", version, null, default))
        {
            Assert.Equal("BOOKMARK", change.Type);
            break;
        }

        var first = (await kubectl.Client.ListAsync(ApiResources.Secrets, "default", null, default)).ResourceVersion;
        for (var i = 0; i < 202; i++)
        {
            await kubectl.Client.CreateAsync(ApiResources.Secrets, "default", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["generateName"] = "w-" } }, default);
        }

        var gone = await Assert.ThrowsAsync<ApiException>(async () =>
        {
            await foreach (var _ in kubectl.Client.WatchAsync(ApiResources.Secrets, "default", first, null, default))
            {
                break;
            }
        });
        Assert.True(gone.IsGone);
    }
}
