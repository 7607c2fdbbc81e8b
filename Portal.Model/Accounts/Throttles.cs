using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Portal.Model.Accounts;

/// <summary>
/// Counts tries in the database, each by one statement, so that neither processes nor requests at the same moment come past each other. It
/// throws what the database throws, after <see cref="Patience"/> at the latest: whether a try that cannot be counted is let through is the
/// caller's to say.
/// </summary>
public sealed class Throttles(NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>A count that takes longer is no count: nobody waits at the door for a slow database.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Whether there were fewer than <paramref name="most"/> within this window, which the first of them began. One that is refused writes
    /// nothing.
    /// </summary>
    public async Task<bool> TryTakeAsync(string what, int most, TimeSpan window, CancellationToken ct) =>
        most > 0 && await CountAsync(what, most, window, ct) is not null;

    /// <summary>The how manyeth this is within its window.</summary>
    public async Task<int> CountAsync(string what, TimeSpan window, CancellationToken ct) =>
        (await CountAsync(what, int.MaxValue, window, ct))!.Value;

    private Task<int?> CountAsync(string what, int most, TimeSpan window, CancellationToken ct) =>
        ScalarAsync(
            """
            INSERT INTO "Throttles" AS t ("Key", "Count", "At", "Until") VALUES (@key, 1, @now, @now + @window)
            ON CONFLICT ("Key") DO UPDATE SET
                "Count" = CASE WHEN t."Until" <= @now THEN 1 ELSE t."Count" + 1 END,
                "At" = CASE WHEN t."Until" <= @now THEN @now ELSE t."At" END,
                "Until" = CASE WHEN t."Until" <= @now THEN @now + @window ELSE t."Until" END
            WHERE t."Until" <= @now OR t."Count" < @most
            RETURNING "Count"
            """,
            what,
            ct,
            ("window", window),
            ("most", most)
        );

    /// <summary>
    /// Begins a try that counts as a failure until <see cref="SucceededAsync"/> is told otherwise: of many at one moment no more come
    /// through than one after the other would.
    /// </summary>
    /// <returns>Zero if it may be made, else how long the next one has to wait; then nothing is counted.</returns>
    public async Task<TimeSpan> TryAsync(string what, GrowingWait growing, CancellationToken ct)
    {
        var counted = await ScalarAsync(
            """
            INSERT INTO "Throttles" AS t ("Key", "Count", "At", "Until") VALUES (@key, 1, @now, @now + @memory)
            ON CONFLICT ("Key") DO UPDATE SET "Count" = CASE WHEN t."Until" <= @now THEN 1 ELSE LEAST(t."Count" + 1, 1000000) END, "At" = @now, "Until" = @now + @memory
            WHERE t."Until" <= @now OR t."Count" < @free OR t."At" + LEAST(@longest, @first * power(2, LEAST(t."Count" - @free, 20))) <= @now
            RETURNING "Count"
            """,
            what,
            ct,
            ("memory", growing.Memory),
            ("free", growing.Free),
            ("first", growing.First),
            ("longest", growing.Longest)
        );
        return counted is not null ? TimeSpan.Zero : await WaitAsync(what, growing, ct);
    }

    /// <summary>
    /// It was no failure. With <paramref name="forgets"/> neither were those before it, else only this one is taken back.
    /// </summary>
    public Task SucceededAsync(string what, bool forgets, CancellationToken ct) =>
        ScalarAsync(
            forgets
                ? """DELETE FROM "Throttles" WHERE "Key" = @key RETURNING 0"""
                : """UPDATE "Throttles" SET "Count" = GREATEST("Count" - 1, 0) WHERE "Key" = @key RETURNING 0""",
            what,
            ct
        );

    private async Task<TimeSpan> WaitAsync(string what, GrowingWait growing, CancellationToken ct)
    {
        await using var command = database.CreateCommand("""SELECT "Count", "At" FROM "Throttles" WHERE "Key" = @key""");
        command.Parameters.AddWithValue("key", KeyOf(what));
        using var patience = Limit(ct);
        await using var reader = await command.ExecuteReaderAsync(patience.Token);
        var wait = await reader.ReadAsync(patience.Token)
            ? reader.GetFieldValue<DateTimeOffset>(1) + growing.After(reader.GetInt32(0)) - clock.GetUtcNow()
            : TimeSpan.Zero;
        return wait > TimeSpan.FromSeconds(1) ? wait : TimeSpan.FromSeconds(1);
    }

    private async Task<int?> ScalarAsync(string sql, string what, CancellationToken ct, params (string Name, object Value)[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue("key", KeyOf(what));
        command.Parameters.AddWithValue("now", clock.GetUtcNow());
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        using var patience = Limit(ct);
        return (int?)await command.ExecuteScalarAsync(patience.Token);
    }

    // A hash: of one length whatever somebody typed, and no list of addresses for whoever reads the table.
    private static string KeyOf(string what) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(what)));

    private static CancellationTokenSource Limit(CancellationToken ct)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        return limit;
    }
}

/// <summary>
/// So many tries at once, then a wait before each that doubles with every one of them, until the last was <paramref name="Memory"/> ago.
/// </summary>
/// <param name="Free">Without a wait.</param>
/// <param name="First">Before the first that has to wait.</param>
/// <param name="Longest">The wait grows no further.</param>
public sealed record GrowingWait(int Free, TimeSpan First, TimeSpan Longest, TimeSpan Memory)
{
    /// <summary>The wait after the last of <paramref name="count"/> tries. The same as in the statement that counts.</summary>
    public TimeSpan After(int count) =>
        count < Free ? TimeSpan.Zero
        : First * Math.Pow(2, Math.Min(count - Free, 20)) is var wait && wait < Longest ? wait
        : Longest;
}
