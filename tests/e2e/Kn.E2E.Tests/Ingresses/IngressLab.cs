using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.E2E.Tests.Services;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>A lab whose pods all tests of Ingresses share, so that a test makes Ingresses only. Clients are curl and wrk on a host outside the cluster.</summary>
/// <remarks>
/// <code>
/// node1  Ingress on port 80    a, mirror (nginx: says what it was asked), socket (for a test's own WebSocket server)
/// node2  Ingress on port 80    b, other
/// Services: web (a, b; port 80 named http), other, mirror, socket, empty (nobody)
/// </code>
/// </remarks>
public sealed class IngressLab : LabFixture
{
    /// <summary>The namespace of everything.</summary>
    internal const string Space = "ingress";

    private static readonly ApiResource s_classes = new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", Namespaced: false);
    private IReadOnlyList<IReadOnlyList<IpAddress>> _nodes = [];
    private RealClient? _outside;
    private int _count;

    /// <inheritdoc/>
    protected override int NodeCount => 2;

    /// <summary>The client outside.</summary>
    internal RealClient Outsider => _outside ??= new RealClient(OpenOutside());

    /// <summary>A node's own address.</summary>
    internal IpAddress Node(int number, IpFamily family = IpFamily.V4) => _nodes[number - 1].First(address => address.Family == family);

    /// <summary>The config file of a node's agent.</summary>
    internal string ConfigOf(int node) => Path.Combine(Status.Nodes[node - 1].Folder, "kn.yaml");

    /// <summary>The network namespace of a pod.</summary>
    internal NetworkNamespace PodSpace(string pod) => OpenPod(Space, pod);

    /// <summary>A host that no other test has.</summary>
    internal string NewHost() => $"h{Interlocked.Increment(ref _count)}.test";

    /// <summary>Creates an Ingress of Kn's class; it is removed by Dispose.</summary>
    /// <param name="spec">Its spec, as YAML in one line, without the class.</param>
    /// <param name="annotations">Its annotations, as YAML in one line, without the prefix of ingress-nginx.</param>
    /// <param name="className">Its class.</param>
    internal async Task<TestIngress> IngressAsync(string spec, string annotations = "", string className = "kn")
    {
        var ingress = new TestIngress(this, $"i{Interlocked.Increment(ref _count)}");
        var prefixed = string.Join(", ", annotations.Split(";; ", StringSplitOptions.RemoveEmptyEntries).Select(static pair => "nginx.ingress.kubernetes.io/" + pair));
        await CreateAsync(ApiResources.Ingresses, $"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: {ingress.Name}, annotations: {{{prefixed}}}}}, spec: {{ingressClassName: {className}, {spec}}}}}");
        return ingress;
    }

    /// <summary>Creates an object of a kind.</summary>
    internal async Task CreateAsync(ApiResource kind, string yaml)
    {
        using var text = new StringReader(yaml);
        await Client.CreateAsync(kind, kind.Namespaced ? Space : null, YamlTree.ParseAll(text).OfType<JsonObject>().Single(), CancellationToken.None);
    }

    /// <summary>What curl is answered: status, then head and body.</summary>
    internal async Task<HttpAnswer> AskAsync(string host, string path = "/", params string[] options) => await AskNodeAsync(1, host, path, options);

    /// <summary>The same, of a node's.</summary>
    internal async Task<HttpAnswer> AskNodeAsync(int node, string host, string path = "/", params string[] options)
    {
        var result = await Outsider.RunAsync(["curl", "-s", "-i", "--noproxy", "*", "--path-as-is", "--max-time", "5", "-H", $"Host: {host}", .. options, $"http://{Node(node)}{path}"]);
        return HttpAnswer.Parse(result.ExitCode, result.Output);
    }

    /// <summary>Asks until the answer is as it should be; fails with the last answer.</summary>
    internal async Task<HttpAnswer> ExpectAsync(string host, string path, Func<HttpAnswer, bool> isRight, params string[] options)
    {
        var last = default(HttpAnswer);
        var since = TimeProvider.System.GetTimestamp();
        while (!isRight(last = await AskAsync(host, path, options)))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(25), $"{host}{path}: for 25 s the answer is {last.Status} {last.Text}");
            await Task.Delay(50);
        }

        return last;
    }

    /// <summary>Asks until a pod answers, or a status comes.</summary>
    internal Task<HttpAnswer> ExpectAsync(string host, string path, string podOrStatus, params string[] options) =>
        ExpectAsync(host, path, answer => answer.Body == podOrStatus || $"{answer.Status}" == podOrStatus, options);

    /// <summary>Restarts a node's agent, as systemd does: what it has stored is kept.</summary>
    internal async Task RestartAgentAsync(int node)
    {
        var before = Status.Nodes[node - 1].AgentStarts;
        await LabAsync("agent", "restart", $"node{node}");
        await UntilAsync("the agent is back", () => Task.FromResult(Status.Nodes[node - 1] is var now && now.AgentStarts > before && now.AgentPid > 0));
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        _nodes = [.. Status.Nodes.Select(static node => node.Addresses.Select(static text => IpAddress.Parse(text)).ToArray())];
        foreach (var node in (int[])[1, 2])
        {
            await LabAsync("agent", "stop", $"node{node}");
            await File.AppendAllTextAsync(ConfigOf(node), "\ningress: {enabled: true, opaqueSecrets: true, defaultBackend: ''}\n");
            await LabAsync("agent", "start", $"node{node}");
        }

        await CreateAsync(s_classes, "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: kn}, spec: {controller: kn.internal/ingress}}");
        await CreateAsync(s_classes, "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: foreign}, spec: {controller: example.com/ingress}}");
        await CreateAllAsync("", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {Space}}}}}");
        const string Echo = "containers: [{name: e, image: echo, ports: [{name: http, containerPort: 8080}]}]";
        await Task.WhenAll(
            PodAsync("a", $"nodeName: node1, {Echo}", "web"),
            PodAsync("b", $"nodeName: node2, {Echo}", "web"),
            PodAsync("other", $"nodeName: node2, {Echo}", "other"),
            PodAsync("mirror", $"nodeName: node1, containers: [{{name: n, image: nginx, command: [/usr/sbin/nginx, -c, {WriteMirror()}, -p, {Options.Folder}]}}]", "mirror"),
            PodAsync("socket", "nodeName: node1, containers: [{name: s, image: sleep, command: [sleep, '100000']}]", "socket"));
        foreach (var service in (string[])["web", "other", "mirror", "socket", "empty"])
        {
            await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Service, metadata: {{name: {service}}}, spec: {{selector: {{app: {service}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}}}");
        }
    }

    /// <summary>An nginx that says what it was asked: the backend as it sees itself.</summary>
    private string WriteMirror()
    {
        var path = Path.Combine(Options.Folder, "mirror.conf");
        File.WriteAllText(path, $$"""
            daemon off; user root; worker_processes 1; pid {{Options.Folder}}/mirror.pid; error_log {{Options.Folder}}/mirror.log; events { worker_connections 256; }
            http { access_log off; default_type text/plain; client_max_body_size 0;
              client_body_temp_path {{Options.Folder}}/m1; proxy_temp_path {{Options.Folder}}/m2; fastcgi_temp_path {{Options.Folder}}/m3; uwsgi_temp_path {{Options.Folder}}/m4; scgi_temp_path {{Options.Folder}}/m5;
              server { listen 8080; listen [::]:8080;
                location = /check { if ($http_cookie !~ "session=good") { return 401 "no"; } add_header X-User bob; return 200 "ok"; }
                location / { add_header X-Backend mirror; return 200 "$request_method $request_uri host=$http_host user=$http_x_user prefix=$http_x_forwarded_prefix for=$http_x_forwarded_for id=$http_x_request_id trace=$http_traceparent"; } } }
            """);
        return path;
    }

    private async Task PodAsync(string name, string spec, string app)
    {
        await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {app}}}}}, spec: {{terminationGracePeriodSeconds: 1, {spec}}}}}");
        await UntilAsync($"pod {name}", async () => DemoCluster.IsReady(await Client.GetAsync(ApiResources.Pods, Space, name, CancellationToken.None)));
    }
}

/// <summary>The classes that share the lab of Ingresses.</summary>
[CollectionDefinition(Name)]
public sealed class IngressGroup : ICollectionFixture<IngressLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Ingresses";
}
