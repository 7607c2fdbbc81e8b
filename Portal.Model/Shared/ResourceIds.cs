using System.Security.Cryptography;

namespace Portal.Model.Shared;

/// <summary>Identifiers in EC2's form: a prefix, a hyphen and 17 hexadecimal digits, e.g. <c>i-0f3a9c2b71d45e680</c>.</summary>
public static class ResourceIds
{
    public const int MaxLength = 32;

    /// <summary>A new random id. The first digit is 0, as Amazon's are today.</summary>
    public static string New(string prefix) => $"{prefix}-0{RandomNumberGenerator.GetHexString(16, lowercase: true)}";

    /// <summary>What kind of resource an id names: <c>i</c>, <c>vol</c>, …</summary>
    public static string Prefix(string id) => id[..Math.Max(0, id.IndexOf('-', StringComparison.Ordinal))];
}
