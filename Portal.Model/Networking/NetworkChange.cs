using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// How every change of a network is made: in one transaction that holds first the account's row, so that all changes of one account queue
/// up, then the network's, so that the worker does not write meanwhile. What is refused leaves nothing.
/// </summary>
public static class NetworkChange
{
    internal static readonly Refusal NoNetwork = Refusal.NotFound("There is no such network.");

    /// <summary>The account's network, locked until the transaction ends; null if it has no such one, or no longer.</summary>
    public static Task<Network?> LockNetworkAsync(this PortalDb db, string accountId, string id, CancellationToken ct) =>
        db
            .Networks.FromSql(
                $"""SELECT n.*, n.xmin FROM "Networks" n WHERE n."AccountId" = {accountId} AND n."Id" = {id} AND n."DeletedAt" IS NULL FOR NO KEY UPDATE"""
            )
            .SingleOrDefaultAsync(ct);

    /// <summary>Makes a change within the account's lock.</summary>
    internal static async Task<Outcome<T>> ChangeAsync<T>(
        this IDbContextFactory<PortalDb> dbs,
        Actor actor,
        Func<PortalDb, Account, Task<Outcome<T>>> change,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var outcome = await change(db, await db.LockAccountAsync(actor.AccountId, ct));
        if (outcome.IsDone)
        {
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }

    /// <summary>Makes a change of one network that is not being deleted.</summary>
    internal static Task<Outcome<T>> ChangeAsync<T>(
        this IDbContextFactory<PortalDb> dbs,
        Actor actor,
        string networkId,
        Func<PortalDb, Network, Task<Outcome<T>>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<T>(
            actor,
            async (db, _) =>
                await db.LockNetworkAsync(actor.AccountId, networkId, ct) switch
                {
                    null => NoNetwork,
                    { WhyNotChange: { } reason } => Refusal.State(reason),
                    var network => await change(db, network),
                },
            ct
        );
}
