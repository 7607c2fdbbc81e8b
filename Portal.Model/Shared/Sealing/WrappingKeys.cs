using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;

namespace Portal.Model.Shared;

/// <summary>
/// The keys outside the database with which the key ring in it is wrapped: lines of a file, each 32 random bytes in base64. The last one
/// wraps, all of them unwrap, and the file is read anew each time, so that another can be added while the programs run
/// (docs/decisions/key-ring.md).
/// </summary>
public sealed class WrappingKeys(string? file)
{
    private const string Wrapped = "wrapped";
    private const int KeyBytes = 32;

    private static readonly byte[] Purpose = "Portal key ring 1"u8.ToArray();

    /// <summary>Without a file the ring stays in the clear, which Production refuses.</summary>
    public bool IsSet => file is not null;

    public string File => file ?? throw new InvalidOperationException("KeyRing__File is not set.");

    public static WrappingKeys Of(IConfiguration configuration) => new(configuration["KeyRing:File"] is { Length: > 0 } file ? file : null);

    /// <summary>Makes a file of one key that only its owner reads, or adds a key to one that is there.</summary>
    public static void Add(string file)
    {
        using var stream = new FileStream(
            file,
            new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
        stream.Write(Encoding.ASCII.GetBytes($"{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}\n"));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>
    /// What is stored of an element of the ring: authenticated, so that nobody who only writes to the database adds a key of his own.
    /// </summary>
    /// <exception cref="CryptographicException">With a sentence that says what is wrong with the file.</exception>
    public XElement Wrap(XElement element)
    {
        if (!IsSet)
        {
            return element;
        }

        var key = Read()[^1];
        var (plain, nonce) = (
            Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)),
            RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize)
        );
        var (cipher, tag) = (new byte[plain.Length], new byte[AesGcm.TagByteSizes.MaxSize]);
        using var aes = new AesGcm(key, tag.Length);
        aes.Encrypt(nonce, plain, cipher, tag, Purpose);
        return new XElement(Wrapped, new XAttribute("key", NameOf(key)), Convert.ToBase64String([.. nonce, .. tag, .. cipher]));
    }

    /// <exception cref="CryptographicException">With a sentence that says why it cannot be opened.</exception>
    public XElement Unwrap(XElement stored) =>
        (stored.Name == Wrapped, IsSet) switch
        {
            (false, false) => stored,
            (false, true) => throw new CryptographicException(
                "The key ring in the database is in the clear, although KeyRing__File is set: run `dotnet Portal.dll migrate` once, which wraps it."
            ),
            (true, false) => throw new CryptographicException(
                "The key ring in the database is wrapped by a key outside it: set KeyRing__File to the file that holds that key."
            ),
            (true, true) => Open(stored),
        };

    /// <summary>The same element, opened if it is wrapped and wrapped by the newest key; null if it is so already.</summary>
    /// <exception cref="CryptographicException">With a sentence that says why it cannot be opened.</exception>
    public XElement? Rewrap(XElement stored)
    {
        if (stored.Name != Wrapped)
        {
            return IsSet ? Wrap(stored) : null;
        }

        var open = Unwrap(stored);
        return stored.Attribute("key")?.Value == NameOf(Read()[^1]) ? null : Wrap(open);
    }

    private XElement Open(XElement stored)
    {
        if (Read().Find(key => NameOf(key) == stored.Attribute("key")?.Value) is not { } key)
        {
            throw new CryptographicException(
                $"The key ring in the database is wrapped by a key that is not in {File}: bring back the file that held it. Without it, what is sealed in the database is lost."
            );
        }

        try
        {
            var bytes = Convert.FromBase64String(stored.Value);
            var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
            var plain = new byte[bytes.Length - nonce - tag];
            using var aes = new AesGcm(key, tag);
            aes.Decrypt(bytes.AsSpan(0, nonce), bytes.AsSpan(nonce + tag), bytes.AsSpan(nonce, tag), plain, Purpose);
            return XElement.Parse(Encoding.UTF8.GetString(plain));
        }
        catch (Exception error)
            when (error is FormatException or OverflowException or ArgumentException or AuthenticationTagMismatchException)
        {
            throw new CryptographicException(
                "A key of the key ring in the database was changed by somebody who does not have the key that wraps it: restore the table DataProtectionKeys from a backup.",
                error
            );
        }
    }

    private List<byte[]> Read()
    {
        try
        {
            var keys = System
                .IO.File.ReadLines(File)
                .Where(line => line.Trim().Length > 0)
                .Select(line => Convert.FromBase64String(line.Trim()))
                .ToList();
            return keys.Count > 0 && keys.TrueForAll(key => key.Length == KeyBytes) ? keys : throw new FormatException();
        }
        catch (FormatException error)
        {
            throw new CryptographicException(
                $"{File}, which KeyRing__File names, is no file of keys: each line must be {KeyBytes} bytes in base64, as `dotnet Portal.dll new-wrapping-key FILE` writes it.",
                error
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CryptographicException($"{File}, which KeyRing__File names, cannot be read: {error.Message}", error);
        }
    }

    /// <summary>By which a row says what wraps it, and which tells nothing of the key.</summary>
    private static string NameOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData([.. Purpose, .. key]).AsSpan(0, 8));
}
