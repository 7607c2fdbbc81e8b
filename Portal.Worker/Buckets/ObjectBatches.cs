using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Buckets;

/// <param name="Changed">How many were deleted or moved.</param>
public sealed record BatchDone(int Changed, IReadOnlyCollection<ObjectProblem> Problems);

/// <summary>What is done in the store for a change of many objects.</summary>
internal sealed class ObjectBatches(IObjectStore store, StoreKey owner, Bucket bucket, ObjectOperation operation)
{
    /// <summary>As many as S3 deletes in one request.</summary>
    private const int MostDeleted = 1000;

    /// <summary>A copy is some requests, and a batch is to be over soon.</summary>
    private const int MostMoved = 100;

    /// <summary>Between two looks whether it is still wanted.</summary>
    private const int CopiedTogether = 16;

    private const int PagesCounted = 5;

    private const string Gone = "It was not there any more.",
        Taken = "There is one of this name already.",
        InBothPlaces = "It was interrupted while it was copied: it may be in both places now.";

    private readonly BucketInStore there = bucket.InStore();

    private ObjectSelection What => operation.What;

    private bool IsMove => operation.Kind is ObjectOperationKind.Move;

    /// <summary>How many are meant; beyond some thousand that there are more.</summary>
    public async Task<(long Total, bool IsAtLeast)> CountAsync(CancellationToken ct)
    {
        if (What.Known is { } known)
        {
            return (known, false);
        }

        var (total, pages) = (0L, 0);
        for (var place = 0; place < What.Places; place++)
        {
            if (What.PrefixOf(place) is not { } prefix)
            {
                total++;
                continue;
            }

            for (string? after = null; ; )
            {
                if (pages++ == PagesCounted)
                {
                    return (total, true);
                }

                var page = await store.ListObjectsAsync(owner, there, prefix, after, MostDeleted, ct);
                total += page.Objects.Count(found => What.Means(found.Key));
                if (page.IsLast || page.Objects.Count == 0)
                {
                    break;
                }

                after = page.Objects[^1].Key;
            }
        }

        return (total, false);
    }

    /// <summary>What comes next; perhaps nothing of a page, all of which is excepted.</summary>
    public async Task<ObjectBatch> NextAsync(CancellationToken ct)
    {
        var (cursor, most) = (operation.Cursor, IsMove ? MostMoved : MostDeleted);
        if (What.PrefixOf(cursor.Place) is { } prefix)
        {
            var page = await store.ListObjectsAsync(owner, there, prefix, cursor.After, most, ct);
            var objects = page.Objects.Where(found => What.Means(found.Key)).ToList();
            return await WithoutTakenAsync(objects, [], Next(cursor, page), ct);
        }

        var names = What.Names.Skip(cursor.Place).TakeWhile(name => !ObjectSelection.IsFolder(name)).Take(most).ToList();

        // S3 says of what never was that it is deleted, and where versioning is on marks it so: what was told by name is looked for.
        var found = (await store.FindObjectsAsync(owner, there, names, ct)).ToDictionary(one => one.Key, StringComparer.Ordinal);
        return await WithoutTakenAsync(
            [.. names.Where(found.ContainsKey).Select(name => found[name])],
            [.. names.Where(name => !found.ContainsKey(name)).Select(name => new ObjectProblem(name, Gone))],
            new ObjectCursor(cursor.Place + names.Count, null),
            ct
        );
    }

    /// <summary>Changes what was taken.</summary>
    /// <param name="isAgain">Somebody else has begun with it.</param>
    /// <param name="isCancelled">Asked now and then: nothing more is begun then.</param>
    public Task<BatchDone> RunAsync(bool isAgain, Func<Task<bool>> isCancelled, CancellationToken ct) =>
        IsMove ? MoveAsync(operation.Batch!, isAgain, isCancelled, ct) : DeleteAsync(operation.Batch!, isAgain, ct);

    private static ObjectCursor Next(ObjectCursor cursor, ObjectPage page) =>
        page.IsLast || page.Objects.Count == 0 ? new ObjectCursor(cursor.Place + 1, null)
        : KeyOrder.Instance.Compare(page.Objects[^1].Key, cursor.After ?? "") > 0 ? cursor with { After = page.Objects[^1].Key }
        : throw new EngineException(EngineFault.Rejected, $"The object store lists nothing after “{cursor.After}”, where there is more.");

    /// <summary>Of a move: only what can have its new name, which none has yet.</summary>
    private async Task<ObjectBatch> WithoutTakenAsync(
        IReadOnlyList<StoredObject> objects,
        IReadOnlyList<ObjectProblem> problems,
        ObjectCursor next,
        CancellationToken ct
    )
    {
        if (!IsMove)
        {
            return new ObjectBatch(objects, problems, next);
        }

        var why = objects.ToDictionary(one => one.Key, one => WhyNotCopied(one.Key), StringComparer.Ordinal);
        var taken = await KeysAsync(objects.Where(one => why[one.Key] is null).Select(one => To(one.Key)), ct);
        foreach (var one in objects.Where(one => why[one.Key] is null && taken.ContainsKey(To(one.Key))))
        {
            why[one.Key] = Taken;
        }

        return new ObjectBatch(
            [.. objects.Where(one => why[one.Key] is null)],
            [.. problems, .. objects.Where(one => why[one.Key] is not null).Select(one => new ObjectProblem(one.Key, why[one.Key]!))],
            next
        );
    }

    private async Task<BatchDone> DeleteAsync(ObjectBatch batch, bool isAgain, CancellationToken ct)
    {
        var (objects, problems, gone) = (batch.Objects, batch.Problems.ToList(), 0);
        if (isAgain)
        {
            var left = await KeysAsync(objects.Select(one => one.Key), ct);
            gone = objects.Count(one => !left.ContainsKey(one.Key));
            problems.AddRange(
                objects
                    .Where(one => left.TryGetValue(one.Key, out var now) && now.ETag != one.ETag)
                    .Select(one => new ObjectProblem(one.Key, S3Sentences.ChangedMeanwhile))
            );
            objects = [.. objects.Where(one => left.TryGetValue(one.Key, out var now) && now.ETag == one.ETag)];
        }

        var failed = objects.Count == 0 ? [] : await store.DeleteObjectsAsync(owner, there, [.. objects.Select(one => one.Key)], ct);
        return new BatchDone(gone + objects.Count - failed.Count, [.. problems, .. failed]);
    }

    /// <summary>Copies, and deletes each original whose copy the store has confirmed and that is still what was copied.</summary>
    private async Task<BatchDone> MoveAsync(ObjectBatch batch, bool isAgain, Func<Task<bool>> isCancelled, CancellationToken ct)
    {
        var before = isAgain ? await LookAgainAsync(batch, ct) : new Found([], batch.Objects, 0, []);
        var (copied, problems) = (before.Copied.ToList(), batch.Problems.Concat(before.Problems).ToList());
        foreach (var some in before.Left.Chunk(CopiedTogether))
        {
            if (await isCancelled())
            {
                break;
            }

            var failed = await store.CopyObjectsAsync(
                owner,
                there,
                [.. some.Select(one => new ObjectRename(one, To(one.Key)))],
                isAgain,
                ct
            );
            var keys = failed.Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
            problems.AddRange(failed);
            copied.AddRange(some.Where(one => !keys.Contains(one.Key)));
        }

        var deleted = copied.Count == 0 ? new BatchDone(0, []) : await DeleteAsync(new ObjectBatch(copied, [], batch.Next), true, ct);
        return new BatchDone(before.Moved + deleted.Changed, [.. problems, .. deleted.Problems]);
    }

    /// <summary>
    /// What became of a batch that another worker began. Its new names were nobody's then; so what has one now and the same content is the
    /// copy, whole: S3 shows no halves. Where the content cannot be compared, as of a copy in parts, nothing is deleted.
    /// </summary>
    private async Task<Found> LookAgainAsync(ObjectBatch batch, CancellationToken ct)
    {
        var (sources, targets) = (
            await KeysAsync(batch.Objects.Select(one => one.Key), ct),
            await KeysAsync(batch.Objects.Select(one => To(one.Key)), ct)
        );
        var (copied, left, moved, problems) = (new List<StoredObject>(), new List<StoredObject>(), 0, new List<ObjectProblem>());
        foreach (var one in batch.Objects)
        {
            switch (sources.GetValueOrDefault(one.Key), targets.GetValueOrDefault(To(one.Key)))
            {
                case (null, not null):
                    moved++;
                    break;
                case (null, null):
                    problems.Add(new ObjectProblem(one.Key, Gone));
                    break;
                case ({ } source, _) when source.ETag != one.ETag:
                    problems.Add(new ObjectProblem(one.Key, S3Sentences.ChangedMeanwhile));
                    break;
                case (_, null):
                    left.Add(one);
                    break;
                case (_, { } target) when target.ETag == one.ETag && target.Size == one.Size:
                    copied.Add(one);
                    break;
                case (_, { } target):
                    problems.Add(new ObjectProblem(one.Key, target.Size == one.Size ? InBothPlaces : Taken));
                    break;
            }
        }

        return new Found(copied, left, moved, problems);
    }

    private async Task<Dictionary<string, StoredObject>> KeysAsync(IEnumerable<string> keys, CancellationToken ct) =>
        (await store.FindObjectsAsync(owner, there, [.. keys], ct)).ToDictionary(one => one.Key, StringComparer.Ordinal);

    private string To(string key) => operation.Move!.Of(key);

    /// <summary>Amazon's client would copy another object than the one that is deleted afterwards.</summary>
    private string? WhyNotCopied(string key) => ObjectKey.WhyNotInBrowser(key) ?? ObjectKey.Check(To(key)).Reason;

    private sealed record Found(
        IReadOnlyList<StoredObject> Copied,
        IReadOnlyList<StoredObject> Left,
        int Moved,
        IReadOnlyList<ObjectProblem> Problems
    );
}
