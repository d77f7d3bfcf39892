using System.Text;

namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>Follows a context to its cluster and user over the merged files.</summary>
internal sealed class ContextResolver(IReadOnlyList<KubeconfigFile> files)
{
    private readonly string _paths = string.Join(':', files.Select(static file => file.Path));

    public ApiConnection Resolve(string? context)
    {
        var name = context ?? files.Select(static file => file.Root.Find("current-context")?.Text).FirstOrDefault(static text => !string.IsNullOrEmpty(text))
            ?? throw new KubeconfigException(_paths, "current-context", "is missing, and no context was asked for");
        var body = Section("contexts", name, "context", context is null ? "current-context" : "contexts");
        var clusterName = body.Required("cluster");
        var cluster = Section("clusters", clusterName, "cluster", $"contexts[{name}].context.cluster");
        var connection = OfCluster(cluster) with { File = _paths, Context = name, Namespace = body.Text("namespace") ?? "" };
        return body.Text("user") is { } user
            ? WithUser(connection, Section("users", user, "user", $"contexts[{name}].context.user"))
            : connection;
    }

    private static ApiConnection OfCluster(KubeconfigSection cluster)
    {
        var skip = cluster.Boolean("insecure-skip-tls-verify");
        var authority = cluster.Source("certificate-authority");
        if (skip && authority is not null)
        {
            throw cluster.Fail("insecure-skip-tls-verify", "cannot be combined with a certificate authority");
        }

        return new ApiConnection
        {
            Server = cluster.Url("server", cluster.Required("server"), "https", "http"),
            CertificateAuthority = authority,
            InsecureSkipTlsVerify = skip,
            TlsServerName = cluster.Text("tls-server-name"),
            Proxy = cluster.Text("proxy-url") is { } proxy ? cluster.Url("proxy-url", proxy, "http", "https", "socks5") : null,
        };
    }

    private static ApiConnection WithUser(ApiConnection connection, KubeconfigSection user)
    {
        user.Refuse("exec", "Kn runs no credential plugins; use a client certificate, a token or a tokenFile");
        user.Refuse("auth-provider", "use a client certificate, a token or a tokenFile");
        user.Refuse("username", "API servers have had no basic authentication since 1.19; use a token");
        user.Refuse("password", "API servers have had no basic authentication since 1.19; use a token");
        foreach (var field in (ReadOnlySpan<string>)["as", "as-uid", "as-groups", "as-user-extra"])
        {
            user.Refuse(field, "impersonation is for people; give Kn a user of its own");
        }

        var certificate = user.Source("client-certificate");
        var key = user.Source("client-key");
        if (certificate is null != key is null)
        {
            throw user.Fail(certificate is null ? "client-certificate" : "client-key", "is missing; a certificate and its key go together");
        }

        // client-go: a tokenFile takes precedence over a token.
        var token = user.File("tokenFile")
            ?? (user.Text("token") is { } text ? new PemSource(Encoding.UTF8.GetBytes(text), null, "token") : null);
        return connection with { ClientCertificate = certificate, ClientKey = key, Token = token };
    }

    private KubeconfigSection Section(string list, string name, string body, string referrer) =>
        files.Select(file => file.Find(list, name, body)).FirstOrDefault(static found => found is not null)
        ?? throw new KubeconfigException(_paths, referrer, $"there is no '{name}' in {list}");
}
