using System.Security.Cryptography;
using System.Text;
using Kn.Linux.Passwords;

namespace Kn.Ingress.Features;

/// <summary>Verifies passwords as htpasswd stores them: bcrypt, SHA-256 and SHA-512 of crypt(5), Apache's MD5 ($apr1$) and {SHA}. Plain ones are not taken.</summary>
internal static class HtpasswdHash
{
    private const string Apache = "$apr1$";
    private const string Sha = "{SHA}";

    /// <summary>Whether a hash has a form that is known.</summary>
    public static bool IsKnown(string hash) => hash.StartsWith(Sha, StringComparison.Ordinal) || (hash.Length > 3 && hash[0] == '$');

    /// <summary>Whether a hash is one of this password. Slow by design.</summary>
    public static bool Verify(ReadOnlySpan<byte> password, string hash)
    {
        if (hash.StartsWith(Apache, StringComparison.Ordinal))
        {
            return Same(ApacheMd5(password, hash), hash);
        }

        return hash.StartsWith(Sha, StringComparison.Ordinal) ? Same(Sha1(password), hash) : IsKnown(hash) && PasswordHash.Verify(password, hash);
    }

    private static bool Same(string left, string right) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));

#pragma warning disable CA5350, CA5351 // Weak, but what the files have; who can choose is told to take bcrypt.
    private static string Sha1(ReadOnlySpan<byte> password) => Sha + Convert.ToBase64String(SHA1.HashData(password));

    /// <summary>MD5-crypt with Apache's magic: a thousand rounds (Poul-Henning Kamp, FreeBSD 1994).</summary>
    private static string ApacheMd5(ReadOnlySpan<byte> password, string hash)
    {
        var end = hash.IndexOf('$', Apache.Length);
        var salt = Encoding.UTF8.GetBytes(hash[Apache.Length..(end < 0 ? hash.Length : end)]).AsSpan();
        salt = salt[..Math.Min(8, salt.Length)];
        var digest = Start(password, salt);
        for (var round = 0; round < 1000; round++)
        {
            using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
            md5.AppendData((round & 1) != 0 ? password : digest);
            md5.AppendData(round % 3 != 0 ? salt : default);
            md5.AppendData(round % 7 != 0 ? password : default);
            md5.AppendData((round & 1) != 0 ? digest : password);
            digest = md5.GetHashAndReset();
        }

        return $"{Apache}{Encoding.UTF8.GetString(salt)}${Spell(digest)}";
    }

    private static byte[] Start(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(password);
        md5.AppendData(salt);
        md5.AppendData(password);
        var other = md5.GetHashAndReset();
        md5.AppendData(password);
        md5.AppendData(Encoding.ASCII.GetBytes(Apache));
        md5.AppendData(salt);
        for (var left = password.Length; left > 0; left -= 16)
        {
            md5.AppendData(other.AsSpan(0, Math.Min(16, left)));
        }

        for (var bits = password.Length; bits > 0; bits >>= 1)
        {
            md5.AppendData((bits & 1) != 0 ? [0] : password[..1]);
        }

        return md5.GetHashAndReset();
    }
#pragma warning restore CA5350, CA5351

    private static string Spell(ReadOnlySpan<byte> digest)
    {
        var text = new StringBuilder();
        for (var index = 0; index < 5; index++)
        {
            Spell(text, (digest[index] << 16) | (digest[index + 6] << 8) | digest[index == 4 ? 5 : index + 12], 4);
        }

        Spell(text, digest[11], 2);
        return text.ToString();
    }

    private static void Spell(StringBuilder text, int value, int letters)
    {
        for (; letters > 0; letters--, value >>= 6)
        {
            text.Append("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[value & 63]);
        }
    }
}
