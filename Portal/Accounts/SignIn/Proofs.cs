using System.Globalization;
using System.Security.Claims;

namespace Portal.Accounts;

/// <summary>
/// When the owner last showed, with this cookie or in this circuit, that it is he; as exactly as the database keeps a time.
/// </summary>
public sealed record Proofs(DateTimeOffset? ProvenAt, DateTimeOffset? FactorAt)
{
    public static Proofs Of(ClaimsPrincipal user) =>
        new(At(user.FindFirstValue(AccountClaims.Proven)), At(user.FindFirstValue(AccountClaims.Factor)));

    public IEnumerable<Claim> ToClaims() =>
        new[] { (Type: AccountClaims.Proven, At: ProvenAt), (Type: AccountClaims.Factor, At: FactorAt) }
            .Where(one => one.At is not null)
            .Select(one => new Claim(
                one.Type,
                (one.At!.Value.UtcTicks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture)
            ));

    /// <summary>Instead of what <paramref name="identity"/> said of it.</summary>
    public void Write(ClaimsIdentity identity)
    {
        foreach (var claim in identity.FindAll(claim => claim.Type is AccountClaims.Proven or AccountClaims.Factor).ToList())
        {
            identity.RemoveClaim(claim);
        }

        identity.AddClaims(ToClaims());
    }

    private static DateTimeOffset? At(string? microseconds) =>
        long.TryParse(microseconds, CultureInfo.InvariantCulture, out var known)
            ? new DateTimeOffset(known * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero)
            : null;
}
