using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Accounts;

/// <summary>Passkeys: asked for by passkeys.js, kept by Identity.</summary>
public sealed class Passkeys(
    PortalDb db,
    UserManager<User> users,
    PortalSignIn signIn,
    OwnAccount own,
    FreshProof proof,
    UndoChange undo,
    AccountMails mails,
    SecurityEvents events,
    TimeProvider clock
)
{
    private const int MostPerUser = 20;
    private const int LongestName = 100;

    /// <summary>
    /// What the browser needs to make one; the challenge is kept in a cookie. Wants the password, as a passkey stands for it from then on.
    /// </summary>
    public async Task<IResult> CreationOptionsAsync(string password)
    {
        var user = await own.LoadAsync();
        if (await own.WhyNotPasswordAsync(user, password) is { } refusal)
        {
            return refusal.Answer();
        }

        return Results.Content(
            await signIn.MakePasskeyCreationOptionsAsync(
                new PasskeyUserEntity
                {
                    Id = user.Id.ToString(),
                    Name = MailDomain.Shown(user.Email!),
                    DisplayName = MailDomain.Shown(user.Email!),
                }
            ),
            "application/json"
        );
    }

    /// <summary>What the browser needs to sign in with one. Names nobody, so that it tells nothing.</summary>
    public async Task<IResult> RequestOptionsAsync() =>
        Results.Content(await signIn.MakePasskeyRequestOptionsAsync(null), "application/json");

    public async Task<IResult> AddAsync(string credential, string? name, string password, bool enrols, CancellationToken ct)
    {
        var user = await own.LoadAsync();
        if (await own.WhyNotPasswordAsync(user, password) is not null)
        {
            return Results.LocalRedirect("/settings?done=passkey-refused");
        }

        var made = await signIn.PerformPasskeyAttestationAsync(credential);
        if (!made.Succeeded || made.UserEntity.Id != user.Id.ToString() || (await users.GetPasskeysAsync(user)).Count >= MostPerUser)
        {
            return Results.LocalRedirect("/settings?done=passkey-refused");
        }

        made.Passkey.Name = Named(name);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var secret = await undo.KeepFactorAsync(user);
        await users.AddOrUpdatePasskeyAsync(user, made.Passkey);
        await proof.KeepFactorAsync();
        db.Add(events.Write(own.Actor, SecurityEvent.AddPasskey, after: new { Name = new Personal(made.Passkey.Name) }));
        mails.TellChange(user, "A passkey was added", secret);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Results.LocalRedirect(enrols && user.IsOperator ? "/operator" : "/settings?done=passkey");
    }

    public Task<IResult> RenameAsync(string id, string? name, CancellationToken ct) =>
        ChangeAsync(
            id,
            "RenamePasskey",
            (user, passkey) =>
            {
                passkey.Name = Named(name);
                return users.AddOrUpdatePasskeyAsync(user, passkey);
            },
            ct
        );

    public Task<IResult> RemoveAsync(string id, CancellationToken ct) =>
        ChangeAsync(
            id,
            nameof(SecurityEvent.RemovePasskey),
            (user, passkey) =>
            {
                mails.TellChange(user, "A passkey was removed");
                return users.RemovePasskeyAsync(user, passkey.CredentialId);
            },
            ct
        );

    public static string IdOf(UserPasskeyInfo passkey) => Base64Url.EncodeToString(passkey.CredentialId);

    private static string Named(string? typed)
    {
        var name = string.Concat((typed ?? "").EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Take(LongestName)).Trim();
        return name.Length > 0 ? name : "Passkey";
    }

    private async Task<IResult> ChangeAsync(
        string id,
        string action,
        Func<User, UserPasskeyInfo, Task<IdentityResult>> change,
        CancellationToken ct
    )
    {
        var user = await own.LoadAsync();
        if ((await users.GetPasskeysAsync(user)).FirstOrDefault(passkey => IdOf(passkey) == id) is not { } passkey)
        {
            return Results.NotFound();
        }

        if (action is "RemovePasskey" && !await proof.IsFreshAsync(user))
        {
            return Results.LocalRedirect(FreshProof.PageFor("/settings?done=proven"));
        }

        var before = new { Name = new Personal(passkey.Name ?? "") };
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await change(user, passkey);
        db.Add(
            action == nameof(SecurityEvent.RemovePasskey)
                ? events.Write(own.Actor, SecurityEvent.RemovePasskey, before: before)
                : own.Actor.Audit(clock.GetUtcNow(), action, null, before)
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return Results.LocalRedirect("/settings");
    }
}
