using Amazon.S3.Model;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>
/// The lines of one folder by their numbers, for a list that is scrolled. S3 lists forward only, a thousand at a time: so where each
/// thousand begins is remembered, and the last few are kept. However large the folder, it holds some thousand lines at most.
/// </summary>
/// <param name="prefix">What all the keys begin with: the folder, and what is searched for in it.</param>
/// <param name="folder">The folder itself; an object of this very name, which some tools make, is not a line of it.</param>
public sealed class ObjectListing(OpenBucket bucket, string folder, string prefix)
{
    public const int PageSize = 1000;
    private const int PagesKept = 6;

    /// <summary>A jump far ahead reads through what is in between; more than this at once would keep the list waiting.</summary>
    private const int PagesAtOnce = 20;

    private readonly List<Page> pages = [new Page(0, null)];
    private readonly LinkedList<Page> kept = [];
    private Task before = Task.CompletedTask;

    /// <summary>Whether the end has been seen, so that <see cref="Total"/> is known.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>How many lines are known to be there.</summary>
    public int Known { get; private set; }

    /// <summary>How long the list should be: the truth, or as long as scrolling on needs it to be.</summary>
    public int Total => IsComplete ? Known : Known + Math.Clamp(Known, PageSize, PagesAtOnce * PageSize);

    /// <summary>Lines from <paramref name="start"/> on; fewer where the folder ends.</summary>
    public async Task<IReadOnlyList<ObjectLine>> WindowAsync(int start, int count, CancellationToken ct)
    {
        // One after the other: a window may ask for what the one before it is just reading.
        var (turn, mine) = (before, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        before = mine.Task;
        await turn;
        try
        {
            var lines = new List<ObjectLine>(count);
            for (var at = start; at < start + count; )
            {
                if (await PageAtAsync(at, ct) is not { } page)
                {
                    break;
                }

                var some = page.Lines!.Skip(at - page.Offset).Take(start + count - at).ToList();
                lines.AddRange(some);
                at += some.Count;
            }

            return lines;
        }
        finally
        {
            mine.SetResult();
        }
    }

    /// <summary>Something has changed: what is kept is read again when it is asked for. Where the thousands begin is still known.</summary>
    public void Forget()
    {
        foreach (var page in kept)
        {
            page.Lines = null;
        }

        kept.Clear();
    }

    private async Task<Page?> PageAtAsync(int line, CancellationToken ct)
    {
        for (var reads = 0; reads <= PagesAtOnce; reads++)
        {
            var page = pages[pages.FindLastIndex(known => known.Offset <= line)];
            if (page.Lines is not null)
            {
                Touch(page);
            }
            else
            {
                await ReadAsync(page, ct);
            }

            if (line < page.Offset + page.Lines!.Count)
            {
                return page;
            }

            if (page.IsLast)
            {
                return null;
            }
        }

        return null;
    }

    private async Task ReadAsync(Page page, CancellationToken ct)
    {
        var answer = await bucket.S3.ListObjectsV2Async(
            new ListObjectsV2Request
            {
                BucketName = bucket.Name,
                Prefix = prefix,
                Delimiter = "/",
                MaxKeys = PageSize,
                ContinuationToken = page.Token,
            },
            ct
        );
        var lines = (answer.CommonPrefixes ?? [])
            .Select(name => new ObjectLine(name, 0, null))
            .Concat((answer.S3Objects ?? []).Where(found => found.Key != folder).Select(ObjectLine.Of));
        page.IsLast = answer.IsTruncated is not true;

        // Folders first, as everywhere; but only where all of them are here. Else it is S3's order, in which the list goes on.
        page.Lines =
        [
            .. page is { IsLast: true, Token: null }
                ? lines.OrderBy(line => !line.IsFolder).ThenBy(line => line.Key, KeyOrder.Instance)
                : lines.OrderBy(line => line.Key, KeyOrder.Instance),
        ];
        Touch(page);
        Continue(page, answer.NextContinuationToken);
    }

    /// <summary>
    /// Notes where the next thousand begins. If it is not where it was, objects came or went, and what was known beyond is void.
    /// </summary>
    private void Continue(Page page, string? token)
    {
        var (index, next) = (pages.IndexOf(page), page.Offset + page.Lines!.Count);
        if (page.IsLast || index + 1 == pages.Count || pages[index + 1].Token != token || pages[index + 1].Offset != next)
        {
            pages.RemoveRange(index + 1, pages.Count - index - 1);
            (IsComplete, Known) = (page.IsLast, next);
            if (!page.IsLast)
            {
                pages.Add(new Page(next, token));
            }
        }
    }

    private void Touch(Page page)
    {
        kept.Remove(page);
        kept.AddLast(page);
        if (kept.Count > PagesKept)
        {
            kept.First!.Value.Lines = null;
            kept.RemoveFirst();
        }
    }

    private sealed class Page(int offset, string? token)
    {
        public int Offset { get; } = offset;

        public string? Token { get; } = token;

        public bool IsLast { get; set; }

        public IReadOnlyList<ObjectLine>? Lines { get; set; }
    }
}
