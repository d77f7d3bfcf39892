using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Who sent a request: the bearer of the token, or a client certificate that the lab's authority signed.</summary>
internal sealed class Authenticator(string token)
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    /// <summary>The user's name, or null when nothing proves one.</summary>
    public string? UserOf(HttpContext context)
    {
        // The handshake has checked the certificate already.
        if (context.Connection.ClientCertificate is { } certificate)
        {
            return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        }

        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()), _token) ? "kubernetes-admin" : null;
    }
}
