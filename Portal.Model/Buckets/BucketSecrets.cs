using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Portal.Model.Buckets;

/// <summary>
/// Seals the object store's secrets with the key ring that web and worker share. Each kind has a purpose of its own, so that what was
/// sealed as one is never opened as another.
/// </summary>
public sealed class BucketSecrets(IDataProtectionProvider keys)
{
    // What S3 clients expect: 20 capitals and digits, and 40 characters.
    private const string KeyIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const string SecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Of the store's administrator.</summary>
    public IDataProtector Admin { get; } = keys.CreateProtector("Portal.Storage.Admin");

    /// <summary>Of Portal's own key for a project.</summary>
    public IDataProtector Project { get; } = keys.CreateProtector("Portal.Storage.Project");

    /// <summary>Of a customer's new key, on its way to the store.</summary>
    public IDataProtector NewKey { get; } = keys.CreateProtector("Portal.Storage.NewKey");

    /// <summary>200 bits are random in the secret, and 85 in the id.</summary>
    public static StoreKey Make() =>
        new("PK" + RandomNumberGenerator.GetString(KeyIdAlphabet, 18), RandomNumberGenerator.GetString(SecretAlphabet, 40));
}
