using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// What happens at the door, in the audit, where its customer reads it, and in the log, each kind with an event id of its own. What
/// strangers can cause is written down once a minute for an account, and again at the tenth, the hundredth and so on, with their number:
/// nobody fills the audit from outside.
/// </summary>
public sealed partial class SecurityEvents(
    IDbContextFactory<PortalDb> dbs,
    Throttles throttles,
    TimeProvider clock,
    ILogger<SecurityEvents> log
)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();

    /// <summary>How many of a kind since when.</summary>
    private readonly Dictionary<SecurityEvent, (DateTimeOffset Since, int Count)> refused = [];

    /// <summary>The audit's row, for the transaction of what was done.</summary>
    public AuditEntry Write(Actor actor, SecurityEvent what, string? resourceId = null, object? before = null, object? after = null)
    {
        Log(LogLevel.Information, what, actor, 1);
        return actor.Audit(clock.GetUtcNow(), what.ToString(), resourceId, before, after);
    }

    /// <summary>Of somebody who tries to be one of this account, and of an account's own people where it costs them nothing.</summary>
    public async Task NoteAsync(Actor actor, SecurityEvent what, CancellationToken ct, string? path = null)
    {
        try
        {
            var count = await throttles.CountAsync($"event {what} {actor.AccountId}", Minute, ct);
            if (!IsTold(count))
            {
                return;
            }

            Log(LogLevel.Warning, what, actor, count);
            await using var db = await dbs.CreateDbContextAsync(ct);
            db.AuditEntries.Add(
                actor.Audit(clock.GetUtcNow(), what.ToString(), null, after: new { Page = path, Times = count == 1 ? (int?)null : count })
            );
            await db.SaveChangesAsync(ct);
        }
        catch (Exception error)
            when (error is NpgsqlException or DbUpdateException or TimeoutException or OperationCanceledException
                && !ct.IsCancellationRequested
            )
        {
            // The answer does not wait for what is written about it.
            LogUnwritten(log, what, error.Message);
        }
    }

    /// <summary>Of somebody who tried what belongs to nobody.</summary>
    public async Task NoteStrangerAsync(SecurityEvent what, IPAddress? from, CancellationToken ct)
    {
        try
        {
            if (IsTold(await throttles.CountAsync($"event {what} from {Networks.Of(from)}", Minute, ct)))
            {
                Log(LogLevel.Warning, what, Actor.Stranger("-", from), 1);
            }
        }
        catch (Exception error)
            when (error is NpgsqlException or TimeoutException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            LogUnwritten(log, what, error.Message);
        }
    }

    /// <summary>
    /// Of a request that was refused before anybody looked whose it is. In the log alone, and counted by this process: a flood of them
    /// costs the database nothing.
    /// </summary>
    public void LogRefused(SecurityEvent what, IPAddress? from)
    {
        int count;
        lock (gate)
        {
            var (now, (since, before)) = (clock.GetUtcNow(), refused.GetValueOrDefault(what));
            (since, count) = now - since < Minute ? (since, before + 1) : (now, 1);
            refused[what] = (since, count);
        }

        if (IsTold(count))
        {
            Log(LogLevel.Warning, what, Actor.Stranger("-", from), count);
        }
    }

    /// <summary>The first, the tenth, the hundredth.</summary>
    private static bool IsTold(int count)
    {
        while (count >= 10 && count % 10 == 0)
        {
            count /= 10;
        }

        return count == 1;
    }

    // Ids rather than addresses: logs go where personal data should not.
    private void Log(LogLevel level, SecurityEvent what, Actor actor, int times) =>
        log.Log(
            level,
            new EventId((int)what, what.ToString()),
            "{Event} in {Account} by {User} from {Network}, {Times} within a minute",
            what,
            actor.AccountId,
            actor.UserId,
            actor.From,
            times
        );

    [LoggerMessage(EventId = 1399, Level = LogLevel.Warning, Message = "{What} could not be written to the audit: {Reason}")]
    private static partial void LogUnwritten(ILogger log, SecurityEvent what, string reason);
}

/// <summary>The audit's action by its name, and the log's event by its number, which stays the same for ever.</summary>
public enum SecurityEvent
{
    SignIn = 1300,
    FailedSignIn = 1301,
    ThrottledSignIn = 1302,
    FailedCode = 1303,
    ThrottledCode = 1304,
    FailedProof = 1305,
    ThrottledProof = 1306,
    FailedPasskey = 1307,
    SignOut = 1310,
    RevokeSession = 1311,
    RevokeOtherSessions = 1312,
    AskPasswordReset = 1320,
    ResetPassword = 1321,
    FailedReset = 1323,
    ChangePassword = 1322,
    EnableSecondFactor = 1330,
    DisableSecondFactor = 1331,
    NewRecoveryCodes = 1332,
    KeepSecondFactor = 1333,
    RemoveLostSecondFactor = 1334,
    AddPasskey = 1340,
    RemovePasskey = 1341,
    AskAddressChange = 1350,
    ChangeAddress = 1351,
    UndoAddressChange = 1352,
    UndoFactorChange = 1353,
    CreateOperator = 1360,
    ResetOperatorFactor = 1361,
    AccessDenied = 1370,
    ForeignOrigin = 1371,
    OddRequest = 1372,
}
