using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>What the program does instead of serving, when its first argument says so.</summary>
public static class Commands
{
    /// <summary><c>Portal migrate</c>: brings the database to this version's schema, and makes the key ring's first key. What stands in the way is one sentence.</summary>
    public static async Task<int> MigrateAsync(IServiceProvider services, TextWriter errors, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        try
        {
            if (await Migrator.WhyNotAsync(db, ct) is { } reason)
            {
                return await RefuseAsync(errors, reason);
            }

            await Migrator.MigrateAsync(db, ct);
        }
        catch (NpgsqlException error) when (error is not PostgresException { IsTransient: false } || error is PostgresException { SqlState: PostgresErrorCodes.InvalidPassword })
        {
            return await RefuseAsync(errors, $"The database that ConnectionStrings__Portal names cannot be used: {error.Message}");
        }

        // The first use makes the first key, which the worker then finds.
        services.GetRequiredService<IDataProtectionProvider>().CreateProtector(nameof(Commands)).Protect("");
        return 0;
    }

    /// <summary>
    /// <c>Portal create-operator EMAIL [--role ROLE]</c>: makes an operator, an Admin unless told, with a random password and prints both, as one line of JSON. If there is that
    /// operator already, prints nothing: the password is told once.
    /// </summary>
    public static async Task<int> CreateOperatorAsync(IServiceProvider services, string email, string? role, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        var accounts = scope.ServiceProvider.GetRequiredService<NewAccount>();
        if ((EmailAddress.WhyNot(email) ?? WhyNotRole(role)) is { } reason)
        {
            return await RefuseAsync(errors, reason);
        }

        var asked = role is null ? OperatorRole.Admin : Enum.Parse<OperatorRole>(role);
        var normalized = scope.ServiceProvider.GetRequiredService<ILookupNormalizer>().NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct) is { } known)
        {
            return known.IsOperator ? 0 : await RefuseAsync(errors, $"{email} is a customer's address; choose another for the operator.");
        }

        var password = NewPassword();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var made = await accounts.CreateAsync(email, password, asked, confirmed: true);
        db.Add(Actor.Portal(made.AccountId).Audit(made.CreatedAt, "CreateOperator", made.Id.ToString(), after: new { Role = asked.ToString() }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await output.WriteLineAsync(JsonSerializer.Serialize(new { email, password }));
        return 0;
    }

    /// <summary>
    /// <c>Portal reset-operator-factor EMAIL</c>: for the day on which an operator has lost the second factor. Takes away app, recovery codes and passkeys, ends all sessions, and
    /// prints a new password as one line of JSON; the next sign-in leads to the page to set up a factor.
    /// </summary>
    public static async Task<int> ResetOperatorFactorAsync(IServiceProvider services, string email, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var (db, users) = (scope.ServiceProvider.GetRequiredService<PortalDb>(), scope.ServiceProvider.GetRequiredService<UserManager<User>>());
        var normalized = users.NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed && user.Role != null, ct) is not { } user)
        {
            return await RefuseAsync(errors, $"There is no operator {email}.");
        }

        var (password, now) = (NewPassword(), services.GetRequiredService<TimeProvider>().GetUtcNow());
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

        await db.Sessions.Where(session => session.UserId == user.Id && session.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, now), ct);
        db.Add(Actor.Portal(user.AccountId).Audit(now, "ResetOperatorFactor", user.Id.ToString()));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await output.WriteLineAsync(JsonSerializer.Serialize(new { email, password }));
        return 0;
    }

    private static string NewPassword() => RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 20);

    private static string? WhyNotRole(string? role) => role is null || Enum.GetNames<OperatorRole>().Contains(role, StringComparer.Ordinal) ? null : $"A role is one of {string.Join(", ", Enum.GetNames<OperatorRole>())}.";

    private static async Task<int> RefuseAsync(TextWriter errors, string reason)
    {
        await errors.WriteLineAsync(reason);
        return 1;
    }
}
