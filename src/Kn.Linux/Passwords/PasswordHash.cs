using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Kn.Linux.Interop;

namespace Kn.Linux.Passwords;

/// <summary>Verifies passwords against the hashes of crypt(5): bcrypt, SHA-256, SHA-512, yescrypt, MD5.</summary>
public static class PasswordHash
{
    /// <summary>struct crypt_data of libxcrypt.</summary>
    private const int WorkBytes = 32768;

    /// <summary>Longest phrase that libcrypt takes (CRYPT_MAX_PASSPHRASE_SIZE).</summary>
    private const int MaxPhraseBytes = 511;

    /// <summary>Whether a hash is one of this phrase. Takes as long as the hash is meant to take: tens of milliseconds and more.</summary>
    /// <param name="phrase">The password, in the client's bytes.</param>
    /// <param name="hash">The hash, with its method, such as $2y$10$….</param>
    /// <returns>Also false for a method that the library does not know.</returns>
    /// <exception cref="DllNotFoundException">The system has no libcrypt.so.1.</exception>
    public static unsafe bool Verify(ReadOnlySpan<byte> phrase, string hash)
    {
        if (phrase.Length > MaxPhraseBytes || phrase.Contains((byte)0))
        {
            return false;
        }

        Span<byte> text = stackalloc byte[MaxPhraseBytes + 1];
        text.Clear();
        phrase.CopyTo(text);
        var setting = new byte[Encoding.UTF8.GetByteCount(hash) + 1];
        Encoding.UTF8.GetBytes(hash, setting);
        var work = NativeMemory.AllocZeroed(WorkBytes);
        try
        {
            fixed (byte* first = text)
            {
                fixed (byte* second = setting)
                {
                    var result = Libcrypt.CryptRn(first, second, work, WorkBytes);
                    return result is not null && CryptographicOperations.FixedTimeEquals(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(result), setting.AsSpan(0, setting.Length - 1));
                }
            }
        }
        finally
        {
            text.Clear();
            NativeMemory.Clear(work, WorkBytes);
            NativeMemory.Free(work);
        }
    }
}
