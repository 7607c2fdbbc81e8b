using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// The authenticator app and the recovery codes that stood when somebody's address was changed, set aside as they lie, sealed, for as long
/// as the change can be undone. An app that came later may be a thief's, and would shut the owner out; to take any app away would let in
/// whoever reads an old mailbox. So exactly this comes back.
/// </summary>
internal static class FactorBefore
{
    private const string Prefix = "before ";

    /// <summary>Sets aside what stands now, and forgets what belongs to changes that nobody can undo any more. The caller saves.</summary>
    public static async Task KeepAsync(PortalDb db, AddressChange change, CancellationToken ct)
    {
        var oldest = change.At - AddressChange.UndoneWithin;
        var open = (
            await db
                .AddressChanges.Where(one => one.UserId == change.UserId && one.At > oldest && one.UndoneAt == null)
                .Select(one => one.Id)
                .ToListAsync(ct)
        ).ConvertAll(Of);
        await db
            .UserTokens.Where(token =>
                token.UserId == change.UserId && token.LoginProvider.StartsWith(Prefix) && !open.Contains(token.LoginProvider)
            )
            .ExecuteDeleteAsync(ct);
        db.UserTokens.AddRange((await FindAsync(db, change.UserId, PortalUsers.Internal, ct)).Select(token => Under(Of(change.Id), token)));
    }

    /// <summary>
    /// Puts it back in the place of whatever stands now; false if nothing was set aside. What was set aside for later changes is forgotten.
    /// The caller saves.
    /// </summary>
    public static async Task<bool> RestoreAsync(PortalDb db, AddressChange change, CancellationToken ct)
    {
        var kept = await FindAsync(db, change.UserId, Of(change.Id), ct);
        await db
            .UserTokens.Where(token =>
                token.UserId == change.UserId
                && (token.LoginProvider.StartsWith(Prefix) || (kept.Count > 0 && token.LoginProvider == PortalUsers.Internal))
            )
            .ExecuteDeleteAsync(ct);
        db.UserTokens.AddRange(kept.Select(token => Under(PortalUsers.Internal, token)));
        return kept.Count > 0;
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
