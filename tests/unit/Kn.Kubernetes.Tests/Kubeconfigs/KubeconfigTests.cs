using System.Text;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Kubernetes.Tests.Kubeconfigs;

public sealed class KubeconfigTests : IDisposable
{
    private const string Plain = """
        apiVersion: v1
        kind: Config
        current-context: main
        clusters:
        - name: prod
          cluster:
            server: https://[2001:db8::1]:6443/base
            certificate-authority: pki/ca.crt
            tls-server-name: kubernetes
            proxy-url: socks5://127.0.0.1:1080
        - name: lab
          cluster: {server: "http://127.0.0.1:8080"}
        users:
        - name: admin
          user:
            client-certificate-data: Y2VydA==
            client-key: /etc/kn/key.pem
            tokenFile: token
            token: ignored
        - {name: runner, user: {exec: {command: aws}}}
        contexts:
        - name: main
          context: {cluster: prod, user: admin, namespace: kube-system}
        - name: bare
          context: {cluster: lab}
        - name: exec
          context: {cluster: lab, user: runner}
        preferences: {}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheCurrentContext_IsResolved_WithFilesBesideTheKubeconfig()
    {
        var connection = Kubeconfig.Load(Write("config", Plain));
        Assert.Equal("https://[2001:db8::1]:6443/base", connection.Server.AbsoluteUri);
        Assert.Equal(("main", "kube-system", "kubernetes"), (connection.Context, connection.Namespace, connection.TlsServerName));
        Assert.Equal(Path.Combine(_folder, "pki/ca.crt"), connection.CertificateAuthority?.File);
        Assert.Equal("cert", Text(connection.ClientCertificate));
        Assert.Equal("/etc/kn/key.pem", connection.ClientKey?.File);
        Assert.Equal(Path.Combine(_folder, "token"), connection.Token?.File);
        Assert.Equal("socks5", connection.Proxy?.Scheme);
    }

    [Fact]
    public void AContextWithoutUser_IsAnonymous()
    {
        var connection = Kubeconfig.Load(Write("config", Plain), "bare");
        Assert.Equal(new ApiConnection { Server = new Uri("http://127.0.0.1:8080"), File = connection.File, Context = "bare" }, connection);
    }

    [Fact]
    public void Json_IsReadToo()
    {
        const string Json = """
            {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],
             "clusters":[{"name":"k","cluster":{"server":"https://a:1","insecure-skip-tls-verify":true}}],"users":[{"name":"u","user":{"token":"t"}}]}
            """;
        var connection = Kubeconfig.Parse(Json, "inline.json");
        Assert.True(connection.InsecureSkipTlsVerify);
        Assert.Equal("t", Text(connection.Token));
    }

    [Fact]
    public void SeveralFiles_AreMerged_TheFirstToNameSomethingWins()
    {
        var one = Write("one", "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {token: first}}]\n");
        var two = Write("two", "current-context: x\nclusters: [{name: k, cluster: {server: 'https://two:1'}}]\nusers: [{name: u, user: {token: second}}]\n");
        var connection = Kubeconfig.Load($"{one}:{_folder}/none:{two}");
        Assert.Equal("https://two:1/", connection.Server.AbsoluteUri);
        Assert.Equal("first", Text(connection.Token));
    }

    [Theory]
    [InlineData("", "", "the file is empty")]
    [InlineData("- a", "", "expected a kubeconfig, found a list")]
    [InlineData("kind: Pod", "kind", "line 1: expected Config, found 'Pod'")]
    [InlineData("a: [", "", "not YAML or JSON")]
    [InlineData("a: &x 1\nb: *x", "", "anchors and aliases are not supported")]
    [InlineData("a: 1\na: 2", "", "'a' occurs twice")]
    [InlineData("kind: Config", "current-context", "is missing")]
    [InlineData("current-context: c", "current-context", "there is no 'c' in contexts")]
    [InlineData("current-context: c\ncontexts: 3", "contexts", "line 2: expected a list, found text")]
    [InlineData("current-context: c\ncontexts: [{name: c, context: {}}]", "contexts[c].context.cluster", "is missing")]
    [InlineData("current-context: c\ncontexts: [{name: c, context: {cluster: k}}]", "contexts[c].context.cluster", "there is no 'k' in clusters")]
    public void AFaultyFile_IsNamedWithItsField(string text, string field, string problem)
    {
        var error = Assert.Throws<KubeconfigException>(() => Kubeconfig.Parse(text, "/x/config"));
        Assert.Equal(("/x/config", field), (error.File, error.Field));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cluster: {server: 'ftp://a'}", "clusters[k].cluster.server", "expected a URL with https or http, found 'ftp://a'")]
    [InlineData("cluster: {server: 'nonsense'}", "clusters[k].cluster.server", "expected a URL")]
    [InlineData("cluster: {}", "clusters[k].cluster.server", "is missing")]
    [InlineData("cluster: {server: 'https://a', insecure-skip-tls-verify: maybe}", "clusters[k].cluster.insecure-skip-tls-verify", "expected true or false, found 'maybe'")]
    [InlineData("cluster: {server: 'https://a', insecure-skip-tls-verify: true, certificate-authority: x}", "clusters[k].cluster.insecure-skip-tls-verify", "cannot be combined")]
    [InlineData("cluster: {server: 'https://a', certificate-authority-data: '***'}", "clusters[k].cluster.certificate-authority-data", "is not base64")]
    [InlineData("cluster: {server: 'https://a', proxy-url: 'gopher://b'}", "clusters[k].cluster.proxy-url", "expected a URL with http or https or socks5")]
    [InlineData("cluster: {server: [1]}", "clusters[k].cluster.server", "expected text, found a list")]
    public void AFaultyCluster_IsNamedWithItsField(string cluster, string field, string problem) => AssertFault($"clusters: [{{name: k, {cluster}}}]", field, problem);

    [Theory]
    [InlineData("exec: {command: aws}", "exec", "is not supported")]
    [InlineData("auth-provider: {name: gcp}", "auth-provider", "is not supported")]
    [InlineData("username: a", "username", "is not supported")]
    [InlineData("password: a", "password", "is not supported")]
    [InlineData("as: root", "as", "is not supported")]
    [InlineData("client-certificate: a", "client-key", "is missing")]
    [InlineData("client-key: a", "client-certificate", "is missing")]
    public void AnUnsupportedUser_IsNamedWithItsField(string user, string field, string problem) =>
        AssertFault($"clusters: [{{name: k, cluster: {{server: 'https://a'}}}}]\nusers: [{{name: u, user: {{{user}}}}}]", $"users[u].user.{field}", problem);

    [Fact]
    public void AMissingFile_SaysSo()
    {
        var error = Assert.Throws<KubeconfigException>(() => Kubeconfig.Load(Path.Combine(_folder, "none")));
        Assert.EndsWith("none: no such file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyBytes_AreAConnectionOrAKubeconfigError()
    {
        var random = new Random(11);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(Plain);
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Try(Encoding.UTF8.GetString(round % 2 == 0 ? bytes : bytes[..random.Next(bytes.Length)]));
            random.NextBytes(bytes);
            Try(Encoding.Latin1.GetString(bytes[..random.Next(100)]));
        }
    }

    [Fact]
    public void DeepNesting_IsRefused() => Assert.Throws<KubeconfigException>(() => Kubeconfig.Parse(new string('[', 5000), "x"));

    private static void Try(string text)
    {
        try
        {
            Kubeconfig.Parse(text, "x");
        }
        catch (KubeconfigException error)
        {
            Assert.StartsWith("x: ", error.Message, StringComparison.Ordinal);
        }
    }

    private static void AssertFault(string rest, string field, string problem)
    {
        var text = $"current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n{rest}\n";
        var error = Assert.Throws<KubeconfigException>(() => Kubeconfig.Parse(text, "x"));
        Assert.Equal(field, error.Field);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains("line ", error.Message, StringComparison.Ordinal);
    }

    private static string? Text(PemSource? source) => source is null ? null : Encoding.UTF8.GetString(source.Read().Span);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
