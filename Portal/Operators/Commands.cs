using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>What the program does instead of serving, when its first argument says so.</summary>
public static class Commands
{
    /// <summary>
    /// <c>Portal migrate</c>: brings the database to this version's schema, says what web and worker may do in it, and makes the key ring's
    /// first key. Runs as the owner. What stands in the way is one sentence.
    /// </summary>
    public static async Task<int> MigrateAsync(IServiceProvider services, TextWriter errors, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        try
        {
            if (KeyRing.WhyNotSettings(services) is { } unset)
            {
                return await RefuseAsync(errors, unset);
            }

            var rights = DatabaseRights.Of(services.GetRequiredService<IConfiguration>());
            if (await DatabaseUpgrade.RunAsync(db, rights, ct) is { } reason)
            {
                return await RefuseAsync(errors, reason);
            }

            // Of a version that left it in the clear.
            await KeyRing.RewrapAsync(db, services.GetRequiredService<WrappingKeys>(), ct);
            if (await KeyRing.WhyNotAsync(services, ct) is { } closed)
            {
                return await RefuseAsync(errors, closed);
            }
        }
        catch (CryptographicException error)
        {
            return await RefuseAsync(errors, error.Message);
        }
        catch (NpgsqlException error)
            when (error is not PostgresException { IsTransient: false }
                || error is PostgresException { SqlState: PostgresErrorCodes.InvalidPassword }
            )
        {
            return await RefuseAsync(errors, $"The database that ConnectionStrings__Portal names cannot be used: {error.Message}");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return await RefuseAsync(
                errors,
                $"The role in ConnectionStrings__Portal may not change the database's schema; name the one that owns it: {error.MessageText}"
            );
        }

        // The first use makes the first key, which the worker then finds.
        var keys = services.GetRequiredService<IDataProtectionProvider>();
        keys.CreateProtector(nameof(Commands)).Protect("");
        await PortalUsers.SealOldAsync(db, keys, ct);
        return 0;
    }

    /// <summary>
    /// <c>Portal create-operator EMAIL [--role ROLE]</c>: makes an operator, an Admin unless told, with a random password and prints both,
    /// as one line of JSON. If there is that operator already, prints nothing: the password is told once.
    /// </summary>
    public static async Task<int> CreateOperatorAsync(
        IServiceProvider services,
        string email,
        string? role,
        TextWriter output,
        TextWriter errors,
        CancellationToken ct
    )
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        var accounts = scope.ServiceProvider.GetRequiredService<NewAccount>();
        if ((EmailAddress.WhyNot(email) ?? WhyNotRole(role)) is { } reason)
        {
            return await RefuseAsync(errors, reason);
        }

        email = MailboxNames.Kept(email);
        var asked = role is null ? OperatorRole.Admin : Enum.Parse<OperatorRole>(role);
        var normalized = scope.ServiceProvider.GetRequiredService<ILookupNormalizer>().NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct) is { } known)
        {
            return known.IsOperator ? 0 : await RefuseAsync(errors, $"{email} is a customer's address; choose another for the operator.");
        }

        var password = NewPassword();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var made = await accounts.CreateAsync(email, password, asked, confirmed: true);
        await FirstPassword.MarkAsync(db, made.Id, services.GetRequiredService<TimeProvider>().GetUtcNow(), ct);
        db.AuditEntries.Add(
            scope
                .ServiceProvider.GetRequiredService<SecurityEvents>()
                .Write(Actor.Portal(made.AccountId), SecurityEvent.CreateOperator, after: new { Role = asked.ToString() })
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await output.WriteLineAsync(JsonSerializer.Serialize(new { email, password }));
        return 0;
    }

    /// <summary>
    /// <c>Portal rotate-key-ring</c>: wraps the key ring by the newest key of the file. Runs as the database's owner, while web and worker
    /// go on.
    /// </summary>
    public static async Task<int> RotateKeyRingAsync(IServiceProvider services, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        var wrapping = services.GetRequiredService<WrappingKeys>();
        if (!wrapping.IsSet)
        {
            return await RefuseAsync(errors, "KeyRing__File is not set: there is no key to wrap the key ring by.");
        }

        await using var scope = services.CreateAsyncScope();
        try
        {
            var count = await KeyRing.RewrapAsync(scope.ServiceProvider.GetRequiredService<PortalDb>(), wrapping, ct);
            await output.WriteLineAsync(
                $"{count} keys were wrapped anew by the last key of {wrapping.File}. Nothing needs the lines above it any more, but backups of the database of before."
            );
            return 0;
        }
        catch (CryptographicException error)
        {
            return await RefuseAsync(errors, error.Message);
        }
        catch (DbUpdateException error)
            when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
        {
            return await RefuseAsync(
                errors,
                "Only the role that owns the database wraps its keys anew: name that one in ConnectionStrings__Portal."
            );
        }
    }

    /// <summary>
    /// <c>Portal erase-audit ACCOUNT</c>: takes out of the audit what tells of the account's people. Runs as the database's owner.
    /// </summary>
    public static async Task<int> EraseAuditAsync(
        IServiceProvider services,
        string accountId,
        TextWriter output,
        TextWriter errors,
        CancellationToken ct
    )
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        if (!await db.Accounts.AnyAsync(account => account.Id == accountId, ct))
        {
            return await RefuseAsync(errors, $"There is no account {accountId}.");
        }

        try
        {
            var erased = await AuditErasure.RunAsync(db, accountId, services.GetRequiredService<TimeProvider>().GetUtcNow(), ct);
            await output.WriteLineAsync($"Nothing in the audit of {accountId} tells of a person any more; {erased} entries did.");
            return 0;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return await RefuseAsync(
                errors,
                "Only the role that owns the database erases something of the audit: name that one in ConnectionStrings__Portal."
            );
        }
    }

    /// <summary>
    /// <c>Portal reset-operator-factor EMAIL</c>: for the day on which an operator has lost the second factor. Takes away app, recovery
    /// codes and passkeys, ends all sessions, and prints a new password as one line of JSON; the next sign-in leads to the page to set up a
    /// factor.
    /// </summary>
    public static async Task<int> ResetOperatorFactorAsync(
        IServiceProvider services,
        string email,
        TextWriter output,
        TextWriter errors,
        CancellationToken ct
    )
    {
        await using var scope = services.CreateAsyncScope();
        var (db, users) = (
            scope.ServiceProvider.GetRequiredService<PortalDb>(),
            scope.ServiceProvider.GetRequiredService<UserManager<User>>()
        );
        var normalized = users.NormalizeEmail(email);
        if (
            await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed && user.Role != null, ct)
            is not { } user
        )
        {
            return await RefuseAsync(errors, $"There is no operator {email}.");
        }

        var password = NewPassword();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await users.RemoveAllPasskeysAsync(user);
        await users.SetTwoFactorEnabledAsync(user, false);
        await users.ResetAuthenticatorKeyAsync(user);
        await users.GenerateNewTwoFactorRecoveryCodesAsync(user, 0);
        await users.RemovePasswordAsync(user);
        if (await users.AddPasswordAsync(user, password) is { Succeeded: false } refused)
        {
            throw new InvalidOperationException($"The password was not changed: {refused.Errors.First().Code}");
        }

        await FirstPassword.MarkAsync(db, user.Id, services.GetRequiredService<TimeProvider>().GetUtcNow(), ct);
        await scope.ServiceProvider.GetRequiredService<SessionList>().RevokeAllAsync(user.Id, except: null, ct);
        db.Add(
            scope
                .ServiceProvider.GetRequiredService<SecurityEvents>()
                .Write(Actor.Portal(user.AccountId), SecurityEvent.ResetOperatorFactor, user.Id.ToString())
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await output.WriteLineAsync(JsonSerializer.Serialize(new { email, password }));
        return 0;
    }

    /// <summary>
    /// <c>Portal restored TIME</c>: says of a database that was just restored when its backup was made, before web and worker start with
    /// it. Nothing is charged then until an operator says that it was reconciled.
    /// </summary>
    public static async Task<int> RestoredAsync(IServiceProvider services, string taken, TextWriter errors, CancellationToken ct)
    {
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        if (
            !DateTimeOffset.TryParse(
                taken,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var at
            )
            || at > now
        )
        {
            return await RefuseAsync(
                errors,
                $"“{taken}” is not when a backup was made; a time is written as in 2026-11-30T12:00:00Z, and lies in the past."
            );
        }

        await using var scope = services.CreateAsyncScope();
        await Restoration.BeginAsync(scope.ServiceProvider.GetRequiredService<PortalDb>(), at, now, ct);
        return 0;
    }

    /// <summary>128 bits and a few.</summary>
    private static string NewPassword() => RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 26);

    private static string? WhyNotRole(string? role) =>
        role is null || Enum.GetNames<OperatorRole>().Contains(role, StringComparer.Ordinal)
            ? null
            : $"A role is one of {string.Join(", ", Enum.GetNames<OperatorRole>())}.";

    private static async Task<int> RefuseAsync(TextWriter errors, string reason)
    {
        await errors.WriteLineAsync(reason);
        return 1;
    }
}
