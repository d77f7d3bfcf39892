using System.Security.Cryptography;
using System.Text;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Features;

/// <summary>Names and passwords of a route (RFC 7617). Passwords that were right, or wrong, are remembered by keyed hashes: the hash of a password is made
/// to be slow, and is made on the thread pool, a few at a time. For all threads.</summary>
internal sealed class BasicAuth(BasicAuthSettings settings)
{
    private const int MaxRemembered = 4096;
    private const int MaxAtOnce = 64;
    private const int MaxCredentialBytes = 1024;
    private readonly Lock _lock = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<UInt128, bool> _remembered = [];
    private readonly byte[] _challenge = Encoding.UTF8.GetBytes($"WWW-Authenticate: Basic realm=\"{settings.Realm}\", charset=\"UTF-8\"\r\n");
    private int _working;

    /// <summary>The line that asks for a name and a password.</summary>
    public ReadOnlySpan<byte> Challenge => _challenge;

    /// <summary>Whether the credentials are right, as far as that is known at once.</summary>
    /// <param name="authorization">The field Authorization.</param>
    /// <returns>Null when it takes time: <see cref="Verify"/>.</returns>
    public bool? Knows(ReadOnlySpan<byte> authorization)
    {
        if (!TryRead(authorization, out var name, out _) || !settings.Users.ContainsKey(name))
        {
            return false;
        }

        lock (_lock)
        {
            return _remembered.TryGetValue(KeyOf(authorization), out var isRight) ? isRight : null;
        }
    }

    /// <summary>Finds out, on the thread pool.</summary>
    /// <param name="authorization">The field Authorization.</param>
    /// <param name="done">Is told; on another thread.</param>
    /// <returns>False when too many wait already.</returns>
    public bool Verify(ReadOnlySpan<byte> authorization, Action<bool> done)
    {
        if (!TryRead(authorization, out var name, out var password) || !settings.Users.TryGetValue(name, out var hash))
        {
            return false;
        }

        if (Interlocked.Increment(ref _working) > MaxAtOnce)
        {
            Interlocked.Decrement(ref _working);
            return false;
        }

        var key = KeyOf(authorization);
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                var isRight = HtpasswdHash.Verify(password, hash);
                Array.Clear(password);
                Interlocked.Decrement(ref _working);
                Remember(key, isRight);
                done(isRight);
            },
            null);
        return true;
    }

    private static bool TryRead(ReadOnlySpan<byte> authorization, out string name, out byte[] password)
    {
        (name, password) = ("", []);
        if (authorization.Length is < 7 or > MaxCredentialBytes || !Ascii.EqualsIgnoreCase(authorization[..6], "basic "u8))
        {
            return false;
        }

        var bytes = new byte[MaxCredentialBytes];
        if (!Convert.TryFromBase64String(Encoding.ASCII.GetString(authorization[6..].Trim((byte)' ')), bytes, out var length))
        {
            return false;
        }

        var colon = bytes.AsSpan(0, length).IndexOf((byte)':');
        if (colon < 0)
        {
            return false;
        }

        name = Encoding.UTF8.GetString(bytes, 0, colon);
        password = bytes[(colon + 1)..length];
        return true;
    }

    private UInt128 KeyOf(ReadOnlySpan<byte> authorization)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, authorization, hash);
        return new UInt128(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]));
    }

    private void Remember(UInt128 key, bool isRight)
    {
        lock (_lock)
        {
            if (_remembered.Count >= MaxRemembered)
            {
                _remembered.Clear();
            }

            _remembered[key] = isRight;
        }
    }
}
