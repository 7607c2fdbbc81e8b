using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Portal.Accounts;

/// <summary>Codes as authenticator apps show them: RFC 6238 with SHA-1, 30 seconds and six digits.</summary>
public static class Totp
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The half minute since 1970 to which a moment belongs.</summary>
    public static long StepOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 30;

    /// <param name="key">In base 32 (RFC 4648), as Identity makes it and people type it into their app.</param>
    public static string CodeOf(string key, long step)
    {
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // Apps know no other.
        var hash = HMACSHA1.HashData(BytesOf(key), counter);
#pragma warning restore CA5350

        // RFC 4226 §5.3: the last half byte says where the number lies.
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 0xf)) & 0x7fffffff;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] BytesOf(string key)
    {
        var (bytes, bits, count) = (new List<byte>(), 0, 0);
        foreach (var letter in key.TrimEnd('='))
        {
            (bits, count) = ((bits << 5 | Base32.IndexOf(char.ToUpperInvariant(letter), StringComparison.Ordinal)) & 0xfff, count + 5);
            if (count >= 8)
            {
                count -= 8;
                bytes.Add((byte)(bits >> count));
            }
        }

        return [.. bytes];
    }
}
