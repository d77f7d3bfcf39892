using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>The functions of libcrypt (libxcrypt) that Kn calls. It is loaded when it is first needed.</summary>
internal static unsafe partial class Libcrypt
{
    /// <summary>Hashes a phrase as a setting, or another hash, says; a pointer into <paramref name="data"/>, or null.</summary>
    [LibraryImport("libcrypt.so.1", EntryPoint = "crypt_rn")]
    internal static partial byte* CryptRn(byte* phrase, byte* setting, void* data, int size);
}
