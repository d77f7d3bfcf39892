using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Kn.Lab.Api;

/// <summary>How to reach one API server and who we are there: what a kubeconfig's current context says.</summary>
/// <param name="Server">https://host:port.</param>
public sealed record ClusterAccess(Uri Server)
{
    /// <summary>The authorities that the server's certificate may come from; empty means the system's.</summary>
    public X509Certificate2Collection Authorities { get; init; } = [];

    /// <summary>The name that the server's certificate must have, where it is not the URL's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>Bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>Client certificate with its key.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Reads the current context of a kubeconfig: certificates and keys as data or files, token or token file.</summary>
    /// <exception cref="InvalidDataException">The file lacks what is needed, or wants exec or auth-provider plugins, which the lab does not run.</exception>
    public static ClusterAccess FromKubeconfig(string path)
    {
        var config = YamlTree.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InvalidDataException($"{path}: not a kubeconfig");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var contextName = config.Text("current-context") ?? throw new InvalidDataException($"{path}: no current-context");
        var context = Named(config, path, "contexts", contextName, "context");
        var cluster = Named(config, path, "clusters", context.Text("cluster"), "cluster");
        var user = Named(config, path, "users", context.Text("user"), "user");
        if (user["exec"] is not null || user["auth-provider"] is not null)
        {
            throw new InvalidDataException($"{path}: credential plugins are not supported; use a token or a client certificate");
        }

        var server = cluster.Text("server") ?? throw new InvalidDataException($"{path}: the cluster has no server");
        var authorities = new X509Certificate2Collection();
        if (Pem(cluster, folder, "certificate-authority") is { } pem)
        {
            authorities.ImportFromPem(pem);
        }

        return new ClusterAccess(new Uri(server))
        {
            Authorities = authorities,
            ServerName = cluster.Text("tls-server-name"),
            Token = user.Text("token") ?? (user.Text("tokenFile") is { } file ? File.ReadAllText(Path.Combine(folder, file)).Trim() : null),
            ClientCertificate = ClientCertificateOf(user, folder, path),
        };
    }

    private static JsonObject Named(JsonObject config, string path, string list, string? name, string body) =>
        config.Maps(list).FirstOrDefault(entry => entry.Text("name") == name).Map(body)
        ?? throw new InvalidDataException($"{path}: no entry '{name}' in {list}");

    private static X509Certificate2? ClientCertificateOf(JsonObject user, string folder, string path)
    {
        var certificate = Pem(user, folder, "client-certificate");
        var key = Pem(user, folder, "client-key");
        if (certificate is null)
        {
            return null;
        }

        return X509Certificate2.CreateFromPem(certificate, key ?? throw new InvalidDataException($"{path}: a client certificate without its key"));
    }

    private static string? Pem(JsonObject map, string folder, string field)
    {
        if (map.Text(field + "-data") is { } data)
        {
            return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }

        return map.Text(field) is { } file ? File.ReadAllText(Path.Combine(folder, file)) : null;
    }
}
