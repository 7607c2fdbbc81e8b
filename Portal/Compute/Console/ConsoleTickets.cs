using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Compute;

/// <param name="Secret">256 random bits in hexadecimal; shown to the browser once and stored as a hash only.</param>
public sealed record IssuedTicket(Guid Id, string Secret);

/// <summary>Permissions to open one console once, for seconds, of one person.</summary>
public sealed class ConsoleTickets(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>Of one account: each leaves a row in the audit.</summary>
    public const int MostPerMinute = 60;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    public async Task<Outcome<IssuedTicket>> IssueAsync(Actor actor, string instanceId, ConsoleKind kind, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var instance = await db
            .Instances.AsNoTracking()
            .FirstOrDefaultAsync(instance => instance.AccountId == actor.AccountId && instance.Id == instanceId, ct);
        if (instance is null)
        {
            return Refusal.NotFound("There is no such instance.");
        }

        if (WhyNot(instance, kind) is { } reason)
        {
            return Refusal.State(reason);
        }

        var now = clock.GetUtcNow();
        var since = now.AddMinutes(-1) + ConsoleTicket.Lifetime;
        if (
            await db.ConsoleTickets.CountAsync(ticket => ticket.AccountId == actor.AccountId && ticket.ExpiresAt > since, ct)
            >= MostPerMinute
        )
        {
            return Refusal.Limit("Too many consoles were opened within a minute. Wait a minute, then try again.");
        }

        var secret = RandomNumberGenerator.GetHexString(64, lowercase: true);
        var ticket = new ConsoleTicket
        {
            Id = Guid.NewGuid(),
            AccountId = actor.AccountId,
            UserId = actor.UserId,
            InstanceId = instance.Id,
            RegionId = instance.RegionId,
            Kind = kind,
            SecretHash = Hash(secret),
            ExpiresAt = now + ConsoleTicket.Lifetime,
        };
        db.ConsoleTickets.Add(ticket);
        if (kind is not ConsoleKind.Log)
        {
            db.AuditEntries.Add(actor.Audit(now, "OpenConsole", instance.Id, after: new { Kind = kind.ToString() }));
        }

        await db.SaveChangesAsync(ct);
        await db.ConsoleTickets.Where(old => old.AccountId == actor.AccountId && old.ExpiresAt < now - Kept).ExecuteDeleteAsync(ct);
        return new IssuedTicket(ticket.Id, secret);
    }

    /// <summary>
    /// Marks the ticket used, which tells the region's worker where to dial: false if it is not this person's, was used or has expired, or
    /// if its secret or the instance's state is another.
    /// </summary>
    public async Task<bool> UseAsync(Actor actor, Guid id, string secret, byte[] workerSecret, string relayUrl, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var (now, hash) = (clock.GetUtcNow(), Hash(secret));
        var mine = db.ConsoleTickets.Where(ticket =>
            ticket.Id == id
            && ticket.AccountId == actor.AccountId
            && ticket.UserId == actor.UserId
            && ticket.SecretHash == hash
            && ticket.UsedAt == null
            && ticket.ExpiresAt > now
        );
        var found = await mine.AsNoTracking().Select(ticket => new { ticket.InstanceId, ticket.Kind }).FirstOrDefaultAsync(ct);
        var instance = found is null
            ? null
            : await db
                .Instances.AsNoTracking()
                .FirstOrDefaultAsync(instance => instance.AccountId == actor.AccountId && instance.Id == found.InstanceId, ct);
        return instance is not null
            && WhyNot(instance, found!.Kind) is null
            && await mine.ExecuteUpdateAsync(
                set =>
                    set.SetProperty(ticket => ticket.UsedAt, now)
                        .SetProperty(ticket => ticket.WorkerSecret, workerSecret)
                        .SetProperty(ticket => ticket.RelayUrl, relayUrl),
                ct
            ) == 1;
    }

    public static string? WhyNot(Instance instance, ConsoleKind kind) =>
        kind is not ConsoleKind.Log ? instance.WhyNotConsole
        : instance.State is InstanceState.Terminated ? "It is terminated; its log went with it."
        : null;

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
