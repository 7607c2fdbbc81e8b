using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// The browsers in which people have signed in. One cookie of the browser names all its owners' rows, sealed; a row that is gone is known
/// no more. It opens nothing: it keeps the guesses of strangers from slowing its owner, and its sign-ins from being told as new.
/// </summary>
public sealed class KnownDevices(PortalDb db, IDataProtectionProvider protection, IHttpContextAccessor accessor, TimeProvider clock)
{
    public const string Cookie = "__Host-known";

    /// <summary>How long without a sign-in; browsers keep no cookie longer either.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(400);

    /// <summary>People who share a browser, the newest first; the cookie stays short.</summary>
    private const int MostPerBrowser = 8;

    private readonly IDataProtector protector = protection.CreateProtector("known devices");

    private HttpContext Http => accessor.HttpContext!;

    /// <summary>Of these people's browsers the one that asks now, by person.</summary>
    public async Task<IReadOnlyDictionary<Guid, Guid>> FindAsync(IReadOnlyCollection<Guid> users, CancellationToken ct)
    {
        if (Named() is not { Length: > 0 } ids || users.Count == 0)
        {
            return new Dictionary<Guid, Guid>();
        }

        var oldest = clock.GetUtcNow() - Lifetime;
        var found = await db
            .KnownDevices.Where(device => ids.Contains(device.Id) && users.Contains(device.UserId) && device.UsedAt > oldest)
            .Select(device => new { device.UserId, device.Id })
            .ToListAsync(ct);
        return found.DistinctBy(device => device.UserId).ToDictionary(device => device.UserId, device => device.Id);
    }

    public async Task<Guid?> FindAsync(Guid user, CancellationToken ct) =>
        (await FindAsync([user], ct)).TryGetValue(user, out var device) ? device : null;

    /// <summary>Makes this browser known, or known for longer. The caller saves.</summary>
    public async Task<(Guid Id, bool IsNew)> RememberAsync(User user, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (await FindAsync(user.Id, ct) is { } known)
        {
            (await db.KnownDevices.SingleAsync(device => device.Id == known, ct)).UsedAt = now;
            Write([known, .. Named().Where(id => id != known)]);
            return (known, false);
        }

        var device = new KnownDevice
        {
            Id = Guid.CreateVersion7(now),
            UserId = user.Id,
            AccountId = user.AccountId,
            CreatedAt = now,
            UsedAt = now,
        };
        db.KnownDevices.Add(device);
        Write([device.Id, .. Named()]);
        return (device.Id, true);
    }

    private Guid[] Named() =>
        Http.Request.Cookies.TryGetValue(Cookie, out var text) && protector.Open(text) is { } names
            ? [.. names.Split(' ').Take(MostPerBrowser).Select(name => Guid.TryParse(name, out var id) ? id : Guid.Empty)]
            : [];

    private void Write(IEnumerable<Guid> ids) =>
        Http.Response.Cookies.Append(
            Cookie,
            protector.Seal(string.Join(' ', ids.Take(MostPerBrowser).Select(id => id.ToString("N")))),
            new CookieOptions
            {
                Path = "/",
                Secure = true,
                HttpOnly = true,
                SameSite = SameSiteMode.Lax,
                MaxAge = Lifetime,
                IsEssential = true,
            }
        );
}
