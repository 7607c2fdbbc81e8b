using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// The authenticator app and the recovery codes that stood before a change of how somebody signs in, set aside as they lie, sealed, for as
/// long as an undoing may need them. An app that came with the change, or in the week before it, may be a thief's, and would shut the owner
/// out; to take any app away would let in whoever reads an old mailbox. So exactly what stood before comes back.
/// </summary>
internal static class FactorBefore
{
    private const string Prefix = "before ";

    /// <summary>Sets aside what stands now. The caller saves.</summary>
    public static async Task KeepAsync(PortalDb db, SignInChange change, CancellationToken ct)
    {
        await ForgetAsync(db, change.UserId, change.At, ct);
        db.UserTokens.AddRange((await FindAsync(db, change.UserId, PortalUsers.Internal, ct)).Select(token => Under(Of(change.Id), token)));
    }

    /// <summary>
    /// Puts it back in the place of whatever stands now; false if nothing was set aside. The caller saves.
    /// </summary>
    public static async Task<bool> RestoreAsync(PortalDb db, SignInChange change, CancellationToken ct)
    {
        var kept = await FindAsync(db, change.UserId, Of(change.Id), ct);
        await db
            .UserTokens.Where(token => kept.Count > 0 && token.UserId == change.UserId && token.LoginProvider == PortalUsers.Internal)
            .ExecuteDeleteAsync(ct);
        db.UserTokens.AddRange(kept.Select(token => Under(PortalUsers.Internal, token)));
        return kept.Count > 0;
    }

    /// <summary>
    /// What belongs to changes that were undone, or are too old to matter. Nothing else: an undoing by a thief's own mailbox must leave the
    /// owner his.
    /// </summary>
    public static async Task ForgetAsync(PortalDb db, Guid userId, DateTimeOffset now, CancellationToken ct)
    {
        var oldest = now - SignInChange.KeptFor;
        var open = (
            await db
                .SignInChanges.Where(one => one.UserId == userId && one.At > oldest && one.UndoneAt == null)
                .Select(one => one.Id)
                .ToListAsync(ct)
        ).ConvertAll(Of);
        await db
            .UserTokens.Where(token =>
                token.UserId == userId && token.LoginProvider.StartsWith(Prefix) && !open.Contains(token.LoginProvider)
            )
            .ExecuteDeleteAsync(ct);
    }

    private static string Of(Guid change) => $"{Prefix}{change}";

    private static Task<List<IdentityUserToken<Guid>>> FindAsync(PortalDb db, Guid user, string provider, CancellationToken ct) =>
        db
            .UserTokens.AsNoTracking()
            .Where(token =>
                token.UserId == user
                && token.LoginProvider == provider
                && (token.Name == PortalUsers.AppKey || token.Name == PortalUsers.Codes)
            )
            .ToListAsync(ct);

    private static IdentityUserToken<Guid> Under(string provider, IdentityUserToken<Guid> token) =>
        new()
        {
            UserId = token.UserId,
            LoginProvider = provider,
            Name = token.Name,
            Value = token.Value,
        };
}
