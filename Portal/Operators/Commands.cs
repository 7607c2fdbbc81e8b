using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Accounts;
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
    /// <c>Portal create-operator EMAIL</c>: makes an operator with a random password and prints both, as one line of JSON. If there is that
    /// operator already, prints nothing: the password is told once.
    /// </summary>
    public static async Task<int> CreateOperatorAsync(IServiceProvider services, string email, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        var accounts = scope.ServiceProvider.GetRequiredService<NewAccount>();
        if (EmailAddress.WhyNot(email) is { } reason)
        {
            return await RefuseAsync(errors, reason);
        }

        var normalized = scope.ServiceProvider.GetRequiredService<ILookupNormalizer>().NormalizeEmail(email);
        if (await db.Users.SingleOrDefaultAsync(user => user.NormalizedEmail == normalized && user.EmailConfirmed, ct) is { } known)
        {
            return known.IsOperator ? 0 : await RefuseAsync(errors, $"{email} is a customer's address; choose another for the operator.");
        }

        var password = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 20);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await accounts.CreateAsync(email, password, isOperator: true, confirmed: true);
        await transaction.CommitAsync(ct);
        await output.WriteLineAsync(JsonSerializer.Serialize(new { email, password }));
        return 0;
    }

    private static async Task<int> RefuseAsync(TextWriter errors, string reason)
    {
        await errors.WriteLineAsync(reason);
        return 1;
    }
}
