using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>Changes of many objects: the web's verbs with the web's rights, and the worker's job on a store in memory.</summary>
[Trait("Needs", "database")]
public sealed class ObjectOperationsTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] Calls =
    [
        nameof(IObjectStore.ListObjectsAsync),
        nameof(IObjectStore.FindObjectsAsync),
        nameof(IObjectStore.DeleteObjectsAsync),
        nameof(IObjectStore.CopyObjectsAsync),
    ];

    private BucketCustomer ada = null!;
    private ChangeObjects change = null!;
    private Bucket photos = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await BucketCustomer.AddAsync(this, Source);
        change = new ChangeObjects(AsWeb, ada.Clock);
        photos = await ada.AddBucketAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await ada.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task An_account_has_ten_at_once_and_the_next_is_refused_until_one_has_ended()
    {
        var begun = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => DeleteAsync(ObjectSelection.Of("a"))));
        Assert.Equal(ObjectOperation.MostAtOnce, begun.Count(one => one.IsDone));
        Assert.All(
            begun.Where(one => !one.IsDone),
            one => Assert.Equal("10 changes of objects are under way already. Wait until one of them has ended, or cancel one.", one.Reason)
        );
        await ada.AdvanceAsync(begun.First(one => one.IsDone).Value!.Id);
        Assert.True((await DeleteAsync(ObjectSelection.Of("a"))).IsDone);
        await using var db = CreateDbContext();
        Assert.Equal(11, await db.AuditEntries.CountAsync(entry => entry.Action == "DeleteObjects" && entry.ResourceId == photos.Id, Ct));
    }

    [Fact]
    public async Task A_strangers_bucket_and_his_changes_are_not_there()
    {
        var bob = await ada.AddAnotherAsync();
        var mine = (await DeleteAsync(ObjectSelection.Of("a"))).Value!;
        Assert.Equal(
            "There is no such bucket.",
            (await change.DeleteAsync(bob.Actor, photos.Id, ObjectSelection.All("", []), "Deleting", Ct)).Reason
        );
        Assert.Equal("There is no such change of objects any more.", (await change.CancelAsync(bob.Actor, mine.Id, Ct)).Reason);
        await ada.AdvanceAsync(mine.Id);
        Assert.Equal(RefusalKind.NotFound, (await change.DismissAsync(bob.Actor, mine.Id, Ct)).Refusal?.Kind);
        Assert.Equal(ObjectOperationState.Done, (await ReadAsync(mine.Id)).State);
        Assert.True((await change.DismissAsync(ada.Actor, mine.Id, Ct)).IsDone);
        await using var db = CreateDbContext();
        Assert.False(await db.ObjectOperations.AnyAsync(Ct));
    }

    [Fact]
    public async Task Of_a_suspended_account_and_of_a_bucket_that_goes_nothing_is_changed_any_more()
    {
        ada.Store.Fill("photos", 3, 10);
        var before = (await DeleteAsync(ObjectSelection.All("", []))).Value!;
        await ada.SuspendAsync(true);
        Assert.Equal("This account is suspended. Contact support.", (await DeleteAsync(ObjectSelection.Of("00000000"))).Reason);
        await ada.AdvanceAsync(before.Id);
        Assert.Equal(
            (ObjectOperationState.Failed, "This account is suspended. Contact support."),
            await ReadAsync(before.Id) is var one ? (one.State, one.Reason) : default
        );
        await ada.SuspendAsync(false);
        await ada.SettleAsync();

        before = (await DeleteAsync(ObjectSelection.All("", []))).Value!;
        Assert.True((await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, photos.Id, emptyFirst: true, Ct)).Outcome.IsDone);
        Assert.Equal("The bucket is being deleted.", (await DeleteAsync(ObjectSelection.Of("00000000"))).Reason);
        await ada.AdvanceAsync(before.Id);
        Assert.Equal("The bucket is being deleted.", (await ReadAsync(before.Id)).Reason);
        Assert.Equal(3, ada.Store.ObjectsOf("photos").Count);

        // With the bucket go what it was told about it.
        await ada.SettleAsync();
        await using var db = CreateDbContext();
        Assert.False(await db.ObjectOperations.AnyAsync(Ct));
    }

    [Fact]
    public async Task Each_call_to_the_store_may_fail_before_or_after_its_effect()
    {
        foreach (var call in Calls)
        {
            foreach (var point in Enum.GetValues<FaultPoint>())
            {
                Arrange();
                ada.Store.FailOnce(call, point);
                await ThereAndGoneAsync($"{call} {point}");
            }
        }
    }

    [Fact]
    public async Task A_worker_may_be_killed_at_any_call_and_the_next_one_goes_on()
    {
        for (var (kill, killed) = (1, true); killed; kill++)
        {
            Arrange();
            var calls = 0;
            ada.Store.Hook = _ => ++calls == kill ? throw new KilledException() : Task.CompletedTask;
            await ThereAndGoneAsync($"call {kill}");
            killed = calls >= kill;
            ada.Store.Hook = null;
        }
    }

    [Fact]
    public async Task What_somebody_writes_meanwhile_is_kept_and_told_of()
    {
        ada.Store.Write("photos", "in/changed", 1);
        ada.Store.Write("photos", "in/moved", 2);
        ada.Store.Write("photos", "in/taken", 3);
        ada.Store.Write("photos", "out/taken", 4);
        ada.Store.Hook = call =>
        {
            if (call is nameof(IObjectStore.CopyObjectsAsync))
            {
                ada.Store.Write("photos", "in/changed", 10);
            }

            return Task.CompletedTask;
        };
        var moved = await RunAsync(await MoveAsync(ObjectSelection.Of("in/"), "in/", "out/"));
        Assert.Equal((ObjectOperationState.Done, 1, 2, 3), (moved.State, moved.Changed, moved.Failed, moved.Total));
        Assert.Equal(
            [new("in/taken", "There is one of this name already."), new("in/changed", "It was changed meanwhile, so it was kept.")],
            moved.Problems
        );
        Assert.Equal([("in/changed", 10), ("in/taken", 3), ("out/moved", 2), ("out/taken", 4)], Held());

        // And after its copy, which is the last moment: both stay.
        ada.Store.Hook = call =>
        {
            if (call is nameof(IObjectStore.DeleteObjectsAsync))
            {
                throw new KilledException();
            }

            return Task.CompletedTask;
        };
        var again = await MoveAsync(ObjectSelection.Of("in/changed"), "in/", "out/");
        await Assert.ThrowsAsync<KilledException>(() => ada.AdvanceAsync(again.Id));
        ada.Store.Hook = null;
        ada.Store.Write("photos", "in/changed", 11);
        moved = await RunAsync(again);
        Assert.Equal((0, 1, "It was changed meanwhile, so it was kept."), (moved.Changed, moved.Failed, moved.Problems[0].Why));
        Assert.Equal([("in/changed", 11), ("in/taken", 3), ("out/changed", 10), ("out/moved", 2), ("out/taken", 4)], Held());
    }

    [Fact]
    public async Task A_move_that_was_cut_off_takes_no_other_object_for_its_copy()
    {
        ada.Store.Write("photos", "in/a", 1);
        var begun = await MoveAsync(ObjectSelection.Of("in/a"), "in/", "out/");
        ada.Store.Hook = call => call is nameof(IObjectStore.CopyObjectsAsync) ? throw new KilledException() : Task.CompletedTask;
        await Assert.ThrowsAsync<KilledException>(() => ada.AdvanceAsync(begun.Id));
        ada.Store.Hook = null;
        ada.Store.Write("photos", "out/a", 99);
        var moved = await RunAsync(begun);
        Assert.Equal((0, 1, "There is one of this name already."), (moved.Changed, moved.Failed, moved.Problems[0].Why));
        Assert.Equal([("in/a", 1), ("out/a", 99)], Held());
    }

    [Theory]
    [InlineData(ObjectOperationKind.Delete, 1000)]
    [InlineData(ObjectOperationKind.Move, 32)]
    public async Task Cancelled_in_the_middle_it_ends_there_and_leaves_nothing_in_two_places(ObjectOperationKind kind, int changed)
    {
        ada.Store.Fill("photos", 2500, 10);
        var begun =
            kind is ObjectOperationKind.Delete
                ? (await DeleteAsync(ObjectSelection.All("", []))).Value!
                : await MoveAsync(ObjectSelection.All("0", []), "0", "moved/0");
        var calls = 0;
        ada.Store.Hook = async call =>
        {
            var isLast =
                kind is ObjectOperationKind.Delete
                    ? call is nameof(IObjectStore.DeleteObjectsAsync)
                    : call is nameof(IObjectStore.CopyObjectsAsync) && ++calls == 2;
            if (isLast)
            {
                Assert.True((await change.CancelAsync(ada.Actor, begun.Id, Ct)).IsDone);
                Assert.True((await change.CancelAsync(ada.Actor, begun.Id, Ct)).IsDone);
            }
        };
        var ended = await RunAsync(begun);
        Assert.Equal(
            (ObjectOperationState.Cancelled, changed, 0, 2500, false, null),
            (ended.State, ended.Changed, ended.Failed, ended.Total, ended.IsTotalAtLeast, ended.Batch)
        );
        Assert.Equal(kind is ObjectOperationKind.Delete ? 1500 : 2500, ada.Store.ObjectsOf("photos").Count);
        Assert.Equal("It has ended already.", (await change.CancelAsync(ada.Actor, begun.Id, Ct)).Reason);
        await using var db = CreateDbContext();
        Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.Action == "CancelObjectOperation", Ct));
    }

    [Fact]
    public async Task A_large_one_makes_place_after_some_batches_and_says_how_far_it_is()
    {
        ada.Store.Fill("photos", 12_000, 10);
        var begun = (await DeleteAsync(ObjectSelection.All("", ["00000007"]))).Value!;
        await ada.AdvanceAsync(begun.Id);
        var seen = await ReadAsync(begun.Id);
        Assert.Equal((ObjectOperationState.Pending, 7_999, 4_999, true), (seen.State, seen.Changed, seen.Total, seen.IsTotalAtLeast));
        seen = await RunAsync(begun);
        Assert.Equal((ObjectOperationState.Done, 11_999), (seen.State, seen.Changed));
        Assert.Equal([("00000007", 10)], Held());
    }

    [Fact]
    public async Task While_the_store_is_away_it_waits_and_says_so_and_can_be_cancelled()
    {
        ada.Store.Fill("photos", 3, 10);
        var (first, second) = (
            (await DeleteAsync(ObjectSelection.Of("00000000"))).Value!,
            (await DeleteAsync(ObjectSelection.Of("00000001"))).Value!
        );
        ada.Store.Away = "It is away.";
        await ada.AdvanceAsync(first.Id);
        await ada.AdvanceAsync(second.Id);
        Assert.Equal(WaitingFor.Store, (await ReadAsync(first.Id)).Waiting);
        Assert.True((await change.CancelAsync(ada.Actor, second.Id, Ct)).IsDone);
        await ada.AdvanceAsync(second.Id);
        Assert.Equal(ObjectOperationState.Cancelled, (await ReadAsync(second.Id)).State);
        ada.Store.Away = null;
        var ended = await RunAsync(first);
        Assert.Equal((ObjectOperationState.Done, 1, null), (ended.State, ended.Changed, ended.Waiting));
        Assert.Equal(["00000001", "00000002"], Held().Select(one => one.Key));
    }

    [Fact]
    public async Task What_a_policy_denies_is_told_of_each_and_only_some_of_it_is_kept()
    {
        ada.Store.Fill("photos", 30, 10);
        ada.Store.Deny("photos");
        var ended = await RunAsync((await DeleteAsync(ObjectSelection.All("", []))).Value!);
        Assert.Equal((ObjectOperationState.Done, 0, 30, 20), (ended.State, ended.Changed, ended.Failed, ended.Problems.Count));
        Assert.Equal(S3Sentences.Denied, ended.Problems[0].Why);
    }

    [Fact]
    public async Task The_sweep_finds_what_nobody_was_told_of_and_after_a_week_forgets_what_ended()
    {
        var (ended, waits) = ((await DeleteAsync(ObjectSelection.Of("a"))).Value!, (await DeleteAsync(ObjectSelection.Of("b"))).Value!);
        await ada.AdvanceAsync(ended.Id);
        var (nudges, sweep) = (ada.Get<Worker.Shared.Nudges>(), ada.Get<ObjectOperationSweep>());
        await sweep.SweepAsync(Ct);
        Assert.NotNull(nudges.Due(waits.Id));
        Assert.Null(nudges.Due(ended.Id));
        ada.Clock.Advance(ObjectOperation.KeptFor + TimeSpan.FromSeconds(1));
        await sweep.SweepAsync(Ct);
        await using var db = CreateDbContext();
        Assert.Equal(waits.Id, (await db.ObjectOperations.SingleAsync(Ct)).Id);
    }

    /// <summary>A folder and two files, one of which is not there, that are moved, and then all that is deleted.</summary>
    private async Task ThereAndGoneAsync(string when)
    {
        var moved = await RunAsync(await MoveAsync(ObjectSelection.Of("in/many/", "in/alone", "in/gone"), "in/", "out/"));
        Assert.True(
            (ObjectOperationState.Done, 121, 1, 122, "in/gone")
                == (moved.State, moved.Changed, moved.Failed, moved.Total, moved.Problems[0].Key),
            $"{when}: {moved.State} {moved.Changed} {moved.Failed} of {moved.Total} {moved.Reason} {string.Join(", ", moved.Problems)}"
        );
        Assert.Equal(122, ada.Store.ObjectsOf("photos").Count);
        Assert.Equal(["in/other"], Held().Select(one => one.Key).Where(key => key.StartsWith("in/", StringComparison.Ordinal)));
        var deleted = await RunAsync((await DeleteAsync(ObjectSelection.Of("out/alone", "out/many/"))).Value!);
        Assert.True(
            (ObjectOperationState.Done, 121, 0) == (deleted.State, deleted.Changed, deleted.Failed),
            $"{when}: {deleted.State} {deleted.Changed} {deleted.Failed} {deleted.Reason}"
        );
        Assert.Equal([("in/other", 5)], Held());
        ada.Clock.Advance(TimeSpan.FromMinutes(2)); // so many changes in a minute are refused
    }

    private void Arrange()
    {
        for (var number = 0; number < 120; number++)
        {
            ada.Store.Write("photos", $"in/many/{number:d3} ü + 😀", number);
        }

        ada.Store.Write("photos", "in/alone", 7);
        ada.Store.Write("photos", "in/other", 5);
    }

    private List<(string Key, int Bytes)> Held() =>
        [.. ada.Store.ObjectsOf("photos").OrderBy(one => one.Key, KeyOrder.Instance).Select(one => (one.Key, one.Value))];

    private Task<Outcome<ObjectOperation>> DeleteAsync(ObjectSelection what) =>
        change.DeleteAsync(ada.Actor, photos.Id, what, "Deleting", Ct);

    private async Task<ObjectOperation> MoveAsync(ObjectSelection what, string from, string to)
    {
        var begun = await change.MoveAsync(ada.Actor, photos.Id, what, new ObjectMove(from, to), "Moving", Ct);
        Assert.Null(begun.Reason);
        return begun.Value!;
    }

    /// <summary>Until it has ended, however often its worker dies.</summary>
    private async Task<ObjectOperation> RunAsync(ObjectOperation begun)
    {
        for (var runs = 0; runs < 20 && (await ReadAsync(begun.Id)).IsUnsettled; runs++)
        {
            try
            {
                await ada.AdvanceAsync(begun.Id);
            }
            catch (KilledException)
            {
                // The next worker.
            }
        }

        return await ReadAsync(begun.Id);
    }

    private async Task<ObjectOperation> ReadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.ObjectOperations.AsNoTracking().SingleAsync(one => one.Id == id, Ct);
    }

    /// <summary>Nothing that the job ran into is written down any more.</summary>
    private sealed class KilledException : Exception;
}
