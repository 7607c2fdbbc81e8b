using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Worker.Engines.Rgw;

namespace Portal.Worker.Buckets;

/// <summary>
/// When which access key was last used, out of the log that the embedded store writes of its requests. What was read is cut off, so that
/// the log does not grow without bound; dying before that means to read it once more, which changes nothing. Other stores do not tell.
/// </summary>
public sealed class KeyUse(IDbContextFactory<PortalDb> dbs, EmbeddedCeph embedded)
{
    /// <summary>As exact as it is told.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(1);

    public async Task ObserveAsync(CancellationToken ct)
    {
        if (embedded.OperationsLog is not { } path || !File.Exists(path))
        {
            return;
        }

        await using var log = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var used = await ReadAsync(log, ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        foreach (var (id, at) in used)
        {
            await db
                .AccessKeys.Where(key => key.AccessKeyId == id && (key.LastUsedAt == null || key.LastUsedAt < at - Grain))
                .ExecuteUpdateAsync(key => key.SetProperty(known => known.LastUsedAt, at), ct);
        }

        // The store appends, wherever the end is. A line written at this very moment may be lost: it would have said a time a minute later.
        log.SetLength(0);
    }

    private static async Task<Dictionary<string, DateTimeOffset>> ReadAsync(FileStream log, CancellationToken ct)
    {
        var used = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        using var reader = new StreamReader(log, leaveOpen: true);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (Entry(line) is var (id, at) && id.Length > 0 && (!used.TryGetValue(id, out var before) || before < at))
            {
                used[id] = at;
            }
        }

        return used;
    }

    /// <summary>A line that is still being written is no JSON yet.</summary>
    private static (string Id, DateTimeOffset At) Entry(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            return
                entry.RootElement.TryGetProperty("access_key_id", out var id)
                && entry.RootElement.TryGetProperty("time", out var time)
                && time.TryGetDateTimeOffset(out var at)
                ? (id.GetString() ?? "", at.ToUniversalTime())
                : ("", default);
        }
        catch (JsonException)
        {
            return ("", default);
        }
    }
}
