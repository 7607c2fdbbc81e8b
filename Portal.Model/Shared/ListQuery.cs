using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace Portal.Model.Shared;

/// <summary>What carries the customer's tags.</summary>
public interface ITagged
{
    Dictionary<string, string> Tags { get; }
}

/// <summary>One line of a list: what it shows and no more.</summary>
public interface IListLine
{
    string Id { get; }

    string Name { get; }
}

/// <summary>What a list asks the database; two that are equal ask for the same.</summary>
public interface IListQuery<TLine>
    where TLine : IListLine
{
    /// <summary>One window of the list; two queries, whatever its size.</summary>
    Task<(IReadOnlyList<TLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        int start,
        int count,
        CancellationToken ct
    );

    /// <summary>Ids of all that match, for what is done to all of them.</summary>
    Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct);

    /// <summary>How many the account has in each state as shown, regardless of any filter.</summary>
    Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct);
}

/// <summary>
/// Which of an account's resources of one kind, and in which order. The query of a kind says which there are, what a status, a search and
/// an order mean for it, and what a line shows.
/// </summary>
/// <param name="Search">Part of one of the texts by which it is found.</param>
/// <param name="Status">A state as it is shown.</param>
/// <param name="Tag">A tag's name, or <c>name=value</c>.</param>
public abstract record ListQuery<TRow, TLine>(string? Search, string? Status = null, string? Tag = null) : IListQuery<TLine>
    where TRow : Resource
    where TLine : IListLine
{
    public async Task<(IReadOnlyList<TLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        int start,
        int count,
        CancellationToken ct
    )
    {
        var matching = Matching(db, accountId, now);
        var total = await matching.CountAsync(ct);
        return (await LinesAsync(db, Ordered(matching).ThenBy(row => row.Id).Skip(start).Take(count), ct), total);
    }

    public Task<List<string>> IdsAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct) =>
        Matching(db, accountId, now).Select(row => row.Id).ToListAsync(ct);

    public abstract Task<IReadOnlyDictionary<string, int>> CountAsync(
        PortalDb db,
        string accountId,
        DateTimeOffset now,
        CancellationToken ct
    );

    /// <summary>All that the account's list has at that time.</summary>
    protected abstract IQueryable<TRow> InSight(PortalDb db, string accountId, DateTimeOffset now);

    protected abstract IOrderedQueryable<TRow> Ordered(IQueryable<TRow> rows);

    protected abstract Task<List<TLine>> LinesAsync(PortalDb db, IQueryable<TRow> rows, CancellationToken ct);

    /// <summary>Those that are shown as in this state.</summary>
    protected virtual IQueryable<TRow> InState(IQueryable<TRow> rows, string status) => rows;

    /// <summary>Those in which a text by which they are found is like this.</summary>
    protected abstract IQueryable<TRow> Like(PortalDb db, IQueryable<TRow> rows, string pattern);

    protected virtual IQueryable<TRow> Tagged(IQueryable<TRow> rows, string tag) => rows;

    private IQueryable<TRow> Matching(PortalDb db, string accountId, DateTimeOffset now)
    {
        var rows = InSight(db, accountId, now);
        rows = string.IsNullOrWhiteSpace(Tag) ? rows : Tagged(rows, Tag);
        rows = Status is null ? rows : InState(rows, Status);
        return string.IsNullOrWhiteSpace(Search) ? rows : Like(db, rows, SearchPattern.Containing(Search));
    }
}

public static class ListQuery
{
    /// <summary>So long what is gone stays in its list, as at EC2.</summary>
    public static readonly TimeSpan KeepInSight = TimeSpan.FromHours(1);

    /// <summary>Those with this tag: a name, or <c>name=value</c>.</summary>
    public static IQueryable<T> WithTag<T>(this IQueryable<T> rows, string tag)
        where T : class, ITagged
    {
        if (tag.Split('=', 2, StringSplitOptions.TrimEntries) is not [var name, var value])
        {
            var wanted = tag.Trim();
            return rows.Where(row => EF.Functions.JsonExists(row.Tags, wanted));
        }

        var pair = JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value });
        return rows.Where(row => EF.Functions.JsonContains(row.Tags, pair));
    }
}
