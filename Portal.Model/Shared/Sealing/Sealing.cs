using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Portal.Model.Shared;

public static class Sealing
{
    public static string Seal(this IDataProtector protector, string secret) => protector.Protect(secret);

    /// <summary>What was sealed; null if it cannot be opened any more, e.g. because the key ring was lost.</summary>
    public static string? Open(this IDataProtector protector, string? sealedSecret)
    {
        try
        {
            return sealedSecret is null ? null : protector.Unprotect(sealedSecret);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
