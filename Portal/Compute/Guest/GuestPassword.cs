using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using System.Security.Cryptography;

namespace Portal.Compute;

/// <summary>
/// A password for the console of a guest, and the form in which it leaves this process: hashed by libcrypt, which also checks it in the
/// guest. https://manpages.debian.org/crypt.3
/// </summary>
public static partial class GuestPassword
{
    // Without what looks alike: it is read off one screen and typed on another.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const string SaltAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>
    /// SHA-512-crypt, which every distribution's login knows. With 100 random bits its usual 5,000 rounds are more than enough.
    /// </summary>
    private const string Method = "$6$";

    private const int SaltLength = 16;

    /// <summary>sizeof(struct crypt_data).</summary>
    private const int DataSize = 32768;

    public static string Make() => string.Join('-', Enumerable.Range(0, 4).Select(_ => RandomNumberGenerator.GetString(Alphabet, 5)));

    public static string Hash(string password) => Hash(password, Method + RandomNumberGenerator.GetString(SaltAlphabet, SaltLength));

    /// <param name="setting">Method and salt; what follows is not looked at, so a hash does too.</param>
    public static unsafe string Hash(string password, string setting)
    {
        var data = NativeMemory.AllocZeroed(DataSize);
        try
        {
            return Utf8StringMarshaller.ConvertToManaged(crypt_rn(password, setting, data, DataSize))
                ?? throw new InvalidOperationException("libcrypt cannot hash passwords by SHA-512.");
        }
        finally
        {
            NativeMemory.Clear(data, DataSize);
            NativeMemory.Free(data);
        }
    }

    [LibraryImport("libcrypt.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial byte* crypt_rn(string phrase, string setting, void* data, int size);
}
