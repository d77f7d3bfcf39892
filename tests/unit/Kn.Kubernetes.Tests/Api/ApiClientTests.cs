using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Kubernetes.Tests.Informers;
using Microsoft.AspNetCore.Http;

namespace Kn.Kubernetes.Tests.Api;

public sealed class ApiClientTests : IDisposable
{
    private static readonly DateTimeOffset s_from = DateTimeOffset.UtcNow.AddDays(-1);
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-api-").FullName;
    private readonly FakeTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task OverTls_ItSpeaksHttp2_WithItsCertificate_AndTrustsTheGivenAuthority()
    {
        using var authority = Authority("ca");
        await using var server = await ScriptedServer.StartAsync(Describe, Issue(authority, "localhost", IPAddress.Loopback));
        using var own = Issue(authority, "kn");
        using var client = new ApiClient(new ApiConnection
        {
            Server = server.Url,
            CertificateAuthority = Inline(authority.ExportCertificatePem()),
            ClientCertificate = Inline(own.ExportCertificatePem()),
            ClientKey = Inline(own.GetECDsaPrivateKey()?.ExportECPrivateKeyPem() ?? ""),
        });
        Assert.Equal("HTTP/2 CN=kn  application/json kn/0.1.0", await TextAsync(client));
    }

    [Fact]
    public async Task AnUnknownAuthority_IsUnreachable_WithTheReason()
    {
        using var authority = Authority("ca");
        using var other = Authority("other");
        await using var server = await ScriptedServer.StartAsync(Describe, Issue(authority, "localhost", IPAddress.Loopback));
        using var client = new ApiClient(new ApiConnection { Server = server.Url, CertificateAuthority = Inline(other.ExportCertificatePem()) });
        var error = await Assert.ThrowsAsync<ApiException>(() => TextAsync(client));
        Assert.True(error.IsUnreachable);
        Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TlsServerName_IsWhatTheCertificateHasToSay()
    {
        using var authority = Authority("ca");
        await using var server = await ScriptedServer.StartAsync(Describe, Issue(authority, "kubernetes"));
        var connection = new ApiConnection { Server = server.Url, CertificateAuthority = Inline(authority.ExportCertificatePem()) };
        using var wrong = new ApiClient(connection);
        Assert.True((await Assert.ThrowsAsync<ApiException>(() => TextAsync(wrong))).IsUnreachable);
        using var right = new ApiClient(connection with { TlsServerName = "kubernetes" });
        Assert.StartsWith("HTTP/2", await TextAsync(right), StringComparison.Ordinal);
        using var careless = new ApiClient(new ApiConnection { Server = server.Url, InsecureSkipTlsVerify = true });
        Assert.StartsWith("HTTP/2", await TextAsync(careless), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CertificateFiles_AreReadAgain_WhenTheyChange()
    {
        using var authority = Authority("ca");
        await using var server = await ScriptedServer.StartAsync(Describe, Issue(authority, "localhost", IPAddress.Loopback));
        WriteIdentity(authority, "first");
        using var client = new ApiClient(
            new ApiConnection
            {
                Server = server.Url,
                CertificateAuthority = Inline(authority.ExportCertificatePem()),
                ClientCertificate = new PemSource(null, Path.Combine(_folder, "crt"), "client-certificate"),
                ClientKey = new PemSource(null, Path.Combine(_folder, "key"), "client-key"),
            },
            _time);
        Assert.Contains("CN=first", await TextAsync(client), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_folder, "key"), "half-way");
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Contains("CN=first", await TextAsync(client), StringComparison.Ordinal);
        WriteIdentity(authority, "second");
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Contains("CN=second", await TextAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTokenFile_IsReadAgain_InTimeOrAfterARefusal()
    {
        await using var server = await ScriptedServer.StartAsync(static async context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer old" ? 401 : 200;
            await Describe(context);
        });
        var file = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(file, "one\n");
        using var client = new ApiClient(new ApiConnection { Server = server.Url, Token = new PemSource(null, file, "tokenFile") }, _time);
        Assert.Contains(" Bearer one ", await TextAsync(client), StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, "old");
        Assert.Contains(" Bearer one ", await TextAsync(client), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(401, (await Assert.ThrowsAsync<ApiException>(() => TextAsync(client))).Status);
        await File.WriteAllTextAsync(file, "new");
        Assert.Contains(" Bearer new ", await TextAsync(client), StringComparison.Ordinal);
        File.Delete(file);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Contains(" Bearer new ", await TextAsync(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"kind":"Status","reason":"Conflict","message":"m","code":409}""", "Conflict", "m")]
    [InlineData("""{"kind":"Status","message":"m""", "Unknown", "the server gave no reason")]
    [InlineData("<html>bad gateway</html>", "Unknown", "the server gave no reason")]
    [InlineData("", "Unknown", "the server gave no reason")]
    public async Task ARefusal_CarriesStatusReasonAndMessage(string body, string reason, string message)
    {
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 409;
            context.Response.Headers.RetryAfter = "7";
            await ScriptedApi.Body(body)(context);
        });
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        var error = await Assert.ThrowsAsync<ApiException>(() => client.CreateAsync("/x", "{}"u8.ToArray(), CancellationToken.None));
        Assert.Equal((409, reason, message, TimeSpan.FromSeconds(7)), (error.Status, error.Reason, error.Detail, error.RetryAfter));
    }

    [Fact]
    public async Task Writes_CarryTheirMethodAndType()
    {
        await using var server = await ScriptedServer.StartAsync(static async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await ScriptedApi.Body($"{context.Request.Method} {context.Request.Path} {context.Request.ContentType} {await reader.ReadToEndAsync()}")(context);
        });
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        var json = "{}"u8.ToArray();
        Assert.Equal("PATCH /a/status application/merge-patch+json {}", Encoding.UTF8.GetString(await client.PatchAsync("/a/status", ApiClient.MergePatch, json, CancellationToken.None)));
        Assert.Equal("POST /a application/json {}", Encoding.UTF8.GetString(await client.CreateAsync("/a", json, CancellationToken.None)));
        Assert.Equal("PUT /a application/json {}", Encoding.UTF8.GetString(await client.ReplaceAsync("/a", json, CancellationToken.None)));
    }

    [Theory]
    [InlineData("not pem", "holds no PEM certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not a PEM certificate")]
    public async Task ABadAuthority_IsNamed(string pem, string problem)
    {
        using var client = new ApiClient(new ApiConnection { Server = new Uri("https://127.0.0.1:1"), CertificateAuthority = new PemSource(Encoding.UTF8.GetBytes(pem), null, "certificate-authority-data") });
        var error = await Assert.ThrowsAsync<KubeconfigException>(() => TextAsync(client));
        Assert.Equal("certificate-authority-data", error.Field);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> TextAsync(ApiClient client) => Encoding.UTF8.GetString(await client.GetAsync("/x", CancellationToken.None));

    private static async Task Describe(HttpContext context)
    {
        var certificate = await context.Connection.GetClientCertificateAsync();
        var headers = context.Request.Headers;
        await ScriptedApi.Body($"{context.Request.Protocol} {certificate?.Subject} {headers.Authorization} {headers.Accept} {headers.UserAgent}")(context);
    }

    private static PemSource Inline(string pem) => new(Encoding.UTF8.GetBytes(pem), null, "inline");

    private void WriteIdentity(X509Certificate2 authority, string name)
    {
        using var own = Issue(authority, name);
        File.WriteAllText(Path.Combine(_folder, "crt"), own.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key"), own.GetECDsaPrivateKey()?.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(s_from, s_from.AddDays(10));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, IPAddress? address = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (address is not null)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, s_from, s_from.AddDays(9), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
