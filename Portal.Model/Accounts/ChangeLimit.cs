using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// How often an account may change one kind of thing: more than any person clicks, and no more than the audit can bear, which keeps a row
/// of each change for ever. It stands where audit rows are saved, which no verb comes around, so that none can forget to ask
/// (docs/decisions/change-limit.md). What Portal does by itself is not counted.
/// </summary>
public sealed class ChangeLimit : SaveChangesInterceptor
{
    public const int MostPerMinute = 60;

    /// <summary>
    /// What is asked for hundreds at once, and whose number something else bounds: a machine has to arrive before it is asked again, and
    /// what is made anew within quotas and this limit goes once. And what must not be refused to an owner because somebody else who has the
    /// password does it all the time: the limits of forms bound that for each network, and <see cref="Session.Most"/> what comes of it.
    /// </summary>
    public static readonly FrozenSet<string> Unlimited = FrozenSet.Create(
        StringComparer.Ordinal,
        "StartInstances",
        "StopInstances",
        "RebootInstances",
        "RescueInstances",
        "LeaveRescueInstances",
        "TerminateInstances",
        "DeleteVolume",
        "DeleteSnapshot",
        "DeregisterImage",
        "SignIn",
        "SignOut"
    );

    public static ChangeLimit Instance { get; } = new();

    /// <exception cref="TooManyChangesException">
    /// One kind of what is to be saved was written down too often within the last minute. Nothing is saved.
    /// </exception>
    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        var db = (PortalDb)eventData.Context!;
        foreach (var (kind, at) in Added(db))
        {
            var minuteAgo = at.AddMinutes(-1);
            if (
                await db.AuditEntries.CountAsync(
                    entry =>
                        entry.AccountId == kind.AccountId && entry.At > minuteAgo && entry.Action == kind.Action && entry.UserId != null,
                    cancellationToken
                ) >= MostPerMinute
            )
            {
                throw new TooManyChangesException();
            }
        }

        return result;
    }

    /// <summary>It would save what nobody has counted.</summary>
    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result) =>
        Added((PortalDb)eventData.Context!).Count == 0
            ? result
            : throw new NotSupportedException("Audit rows are saved with SaveChangesAsync.");

    /// <summary>What people did, by kind, and when. Many at once are one request: it is let in or not as a whole.</summary>
    private static Dictionary<(string AccountId, string Action), DateTimeOffset> Added(PortalDb db) =>
        db
            .ChangeTracker.Entries<AuditEntry>()
            .Where(entry => entry.State is EntityState.Added && entry.Entity.UserId is not null && !Unlimited.Contains(entry.Entity.Action))
            .GroupBy(entry => (entry.Entity.AccountId, entry.Entity.Action))
            .ToDictionary(kind => kind.Key, kind => kind.Max(entry => entry.Entity.At));
}

/// <summary>
/// Something was changed so often that no person can have done it. Its message is the sentence for whoever did; nothing was changed.
/// </summary>
public sealed class TooManyChangesException()
    : Exception($"That is more than {ChangeLimit.MostPerMinute} changes of this kind in a minute. Wait a minute, then go on.");
