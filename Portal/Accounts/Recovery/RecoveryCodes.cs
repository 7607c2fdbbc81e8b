using System.Globalization;
using System.Security.Cryptography;

namespace Portal.Accounts;

/// <summary>
/// What is kept of a person's recovery codes: hashes, from which nobody gets a code back. Written as <c>1;iterations;salt;hash;hash…</c>.
/// </summary>
internal sealed record RecoveryCodes(int Iterations, byte[] Salt, IReadOnlyList<byte[]> Hashes)
{
    private const string Version = "1";

    /// <summary>Of PBKDF2 with SHA-256. A code has 47 random bits and the hashes are sealed besides.</summary>
    private const int Rounds = 20_000;

    public static RecoveryCodes Of(IEnumerable<string> codes)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new(Rounds, salt, [.. codes.Select(code => Hash(code, salt, Rounds))]);
    }

    /// <summary>None if there are none, or they are written in no way that is known.</summary>
    public static RecoveryCodes Parse(string? written) =>
        written?.Split(';') is [Version, var iterations, var salt, .. var hashes]
            ? new(
                int.Parse(iterations, CultureInfo.InvariantCulture),
                Convert.FromBase64String(salt),
                [.. hashes.Select(Convert.FromBase64String)]
            )
            : new(Rounds, [], []);

    /// <summary>Those that are left once this one is used; null if it is none of them. Takes as long for any code.</summary>
    public RecoveryCodes? Without(string code)
    {
        var hash = Hash(code, Salt, Iterations);
        var left = Hashes.Where(other => !CryptographicOperations.FixedTimeEquals(hash, other)).ToList();
        return left.Count < Hashes.Count ? this with { Hashes = left } : null;
    }

    public override string ToString() =>
        string.Join(
            ';',
            [
                Version,
                Iterations.ToString(CultureInfo.InvariantCulture),
                Convert.ToBase64String(Salt),
                .. Hashes.Select(Convert.ToBase64String),
            ]
        );

    private static byte[] Hash(string code, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(code, salt, iterations, HashAlgorithmName.SHA256, 32);
}
