using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;
using Portal.Worker.Engines.Rgw;

namespace Portal.Tests.Buckets;

[Trait("Needs", "database")]
public sealed class BucketMeteringTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const int GiB = 1 << 30;

    private BucketCustomer ada = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await BucketCustomer.AddAsync(this, Source);
    }

    public override async ValueTask DisposeAsync()
    {
        await ada.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Stored_bytes_are_billed_from_sample_to_sample_until_the_bucket_is_gone()
    {
        var bucket = await ada.AddBucketAsync();
        ada.Store.Fill("photos", 1, GiB);
        await MeterAsync();
        Assert.Equal((GiB, 1L), await ada.LoadAsync(bucket) is var seen ? (seen.Bytes, seen.Objects) : default);
        ada.Clock.Advance(TimeSpan.FromHours(2));
        ada.Store.Fill("photos", 3, GiB);
        await MeterAsync();
        ada.Clock.Advance(TimeSpan.FromHours(1));
        await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, bucket.Id, emptyFirst: true, Ct);
        await ada.SettleAsync();
        Assert.Equal(
            [(1m, 2.0), (3m, 1.0)],
            (await StoredAsync(bucket)).Select(span => (span.Quantity, (span.To!.Value - span.From).TotalHours))
        );
    }

    [Fact]
    public async Task A_size_that_changes_all_the_time_makes_a_span_every_ten_minutes_and_an_emptied_one_ends_at_once()
    {
        var bucket = await ada.AddBucketAsync();
        for (var minute = 0; minute < 25; minute++)
        {
            ada.Store.Fill("photos", minute + 1, GiB / 4);
            await MeterAsync();
            ada.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([0.25m, 2.75m, 5.25m], (await StoredAsync(bucket)).Select(span => span.Quantity));
        ada.Store.Batch = int.MaxValue;
        await ada.EmptyElsewhereAsync(bucket);
        await MeterAsync();
        Assert.All(await StoredAsync(bucket), span => Assert.NotNull(span.To));
    }

    [Fact]
    public async Task Each_request_and_each_byte_out_is_counted_once_however_often_the_worker_dies_in_between()
    {
        var bucket = await ada.AddBucketAsync();
        var start = ada.Clock.GetUtcNow();
        for (var round = 0; round < 12; round++)
        {
            ada.Store.CountReads("photos", GiB / 8, 500);
            if (round % 2 == 0)
            {
                // It reads and dies: nothing was written.
                ada.Store.FailOnce(nameof(IObjectStore.TrafficAsync), FaultPoint.After);
            }

            if (round % 3 == 0)
            {
                ada.Store.FailOnce(nameof(IObjectStore.ForgetTrafficAsync), FaultPoint.Before);
            }

            await MeterAsync();
            ada.Clock.Advance(TimeSpan.FromMinutes(15));
        }

        await MeterAsync();
        await MeterAsync();
        var spans = await ada.SpansAsync(bucket);
        Assert.Equal(1.5m, spans.Where(span => span.Sku == Skus.BucketOut).Sum(span => span.Quantity));
        Assert.Equal(6m, spans.Where(span => span.Sku == Skus.BucketReads).Sum(span => span.Quantity));
        Assert.Equal(0.001m, spans.Where(span => span.Sku == Skus.BucketWrites).Sum(span => span.Quantity));
        Assert.All(spans, span => Assert.Equal(TimeSpan.FromHours(1), span.To - span.From));
        Assert.Equal(spans.Count, spans.Select(span => (span.Sku, span.From)).Distinct().Count());

        // 1.5 GiB out are among the 10 that are free; 6,000 reads and one write are not.
        await using var db = CreateDbContext();
        var rated = Rating.Rate(spans, await db.Prices.AsNoTracking().ToListAsync(Ct), start.AddHours(-1), start.AddHours(4));
        Assert.Equal(
            (0m, 1.5m),
            rated.Invoice.Single(line => line.Sku == Skus.BucketOut) is var outside ? (outside.Amount, outside.UnitHours) : default
        );
        Assert.Equal(6m, rated.Invoice.Single(line => line.Sku == Skus.BucketReads).UnitHours);
    }

    [Fact]
    public async Task What_was_counted_while_no_worker_ran_is_counted_when_one_does()
    {
        var bucket = await ada.AddBucketAsync();
        await MeterAsync();
        for (var day = 0; day < 5; day++)
        {
            ada.Clock.Advance(TimeSpan.FromDays(1));
            ada.Store.CountReads("photos", GiB, 1000);
        }

        await MeterAsync();
        Assert.Equal(5m, (await ada.SpansAsync(bucket)).Where(span => span.Sku == Skus.BucketOut).Sum(span => span.Quantity));
    }

    [Fact]
    public async Task Buckets_made_and_deleted_with_another_tool_show_up_and_go()
    {
        await ada.AddBucketAsync();
        await ada.MakeElsewhereAsync("by-aws");
        ada.Store.Fill("by-aws", 2, GiB);
        var reading = await ada.AddKeyAsync(KeyRights.ReadOnly);
        await MeterAsync();
        await ada.SettleAsync();
        await using var db = CreateDbContext();
        var found = await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Name == "by-aws", Ct);
        Assert.Equal(
            ("available", ada.Actor.AccountId, 2L, 2m),
            (found.Status, found.AccountId, found.Objects, Assert.Single(await StoredAsync(found)).Quantity)
        );
        Assert.True(ada.Store.Read(reading, "by-aws", "00000000"));
        await MeterAsync();
        Assert.Equal(2, await db.Buckets.CountAsync(Ct));

        await ada.DeleteElsewhereAsync(found);
        await MeterAsync();
        Assert.Equal("deleted", (await ada.LoadAsync(found)).Status);
        Assert.NotNull(Assert.Single(await StoredAsync(found)).To);
        Assert.Equal(2, await db.AuditEntries.CountAsync(entry => entry.ResourceId == found.Id && entry.Action == "ObserveBucket", Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // its job may be waiting for its turn to empty it
    public async Task A_name_that_is_anothers_meanwhile_is_metered_for_that_one_alone(bool isToBeDeleted)
    {
        var before = await ada.AddBucketAsync();
        ada.Store.Fill("photos", 1, GiB);
        await MeterAsync();
        if (isToBeDeleted)
        {
            Assert.Null((await ada.Get<ChangeBucket>().DeleteAsync(ada.Actor, before.Id, emptyFirst: true, Ct)).Outcome.Reason);
        }

        ada.Clock.Advance(TimeSpan.FromHours(1));
        await ada.DeleteElsewhereAsync(before);
        var bob = await ada.AddAnotherAsync();
        await bob.AddBucketAsync("bobs-first");
        await bob.MakeElsewhereAsync();
        ada.Store.Fill("photos", 3, GiB);
        ada.Store.CountReads("photos", 2L * GiB, 1000);
        await MeterAsync();
        await MeterAsync();

        Assert.Equal("deleted", (await ada.LoadAsync(before)).Status);
        Assert.Equal(
            (1m, 1.0),
            Assert.Single(await StoredAsync(before)) is var hers ? (hers.Quantity, (hers.To!.Value - hers.From).TotalHours) : default
        );
        var his = (await bob.BucketsAsync()).Single(bucket => bucket.Name == "photos");
        Assert.Equal((3m, null), Assert.Single(await StoredAsync(his)) is var span ? (span.Quantity, span.To) : default);
        Assert.Equal((0m, 2m), (await OutAsync(before), await OutAsync(his)));

        async Task<decimal> OutAsync(Bucket bucket) =>
            (await ada.SpansAsync(bucket)).Where(span => span.Sku == Skus.BucketOut).Sum(span => span.Quantity);
    }

    [Fact]
    public async Task A_store_that_knows_nobody_is_another_store_and_deletes_no_bucket()
    {
        var bucket = await ada.AddBucketAsync();
        await ada.DeleteElsewhereAsync(bucket);
        await ada.Store.RemoveUserAsync((await ada.UserAsync()).Id, Ct);
        await MeterAsync();
        Assert.Equal("available", (await ada.LoadAsync(bucket)).Status);
    }

    [Fact]
    public async Task Permissions_that_another_tool_took_out_of_a_policy_come_back()
    {
        var bucket = await ada.AddBucketAsync();
        var key = await ada.AddKeyAsync(KeyRights.ReadOnly, bucket);
        ada.Store.Fill("photos", 1, 10);
        await ada.Store.EnsureGrantsAsync(await ada.OwnKeyAsync(), bucket.InStore(), [], Ct);
        Assert.False(ada.Store.Read(key, "photos", "00000000"));
        await MeterAsync();
        Assert.True(ada.Store.Read(key, "photos", "00000000"));
    }

    [Fact]
    public async Task The_log_of_requests_tells_when_a_key_was_used_and_is_cut_off_then()
    {
        var made = await ada.RequestKeyAsync();
        await ada.SettleAsync();
        var folder = Directory.CreateTempSubdirectory("portal-test-log-");
        var (log, at) = (Path.Combine(folder.FullName, "operations.log"), new DateTimeOffset(2026, 11, 23, 12, 30, 0, TimeSpan.Zero));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "settings"), $"port=1\noperations={log}\n", Ct);
        await File.WriteAllLinesAsync(
            log,
            [
                Line(made.Key.AccessKeyId, at),
                Line(made.Key.AccessKeyId, at.AddHours(-1)),
                Line("somebody", at),
                Line("", at),
                "{\"bucket\":\"cut off wh",
            ],
            Ct
        );
        var use = new KeyUse(this, new EmbeddedCeph(folder.FullName));
        await use.ObserveAsync(Ct);
        Assert.Equal(at, (await ada.LoadAsync(made.Key)).LastUsedAt);
        Assert.Equal(0, new FileInfo(log).Length);

        // The worker died before it cut the log off, or the log has not come yet.
        await File.WriteAllLinesAsync(log, [Line(made.Key.AccessKeyId, at.AddHours(-1))], Ct);
        await use.ObserveAsync(Ct);
        Assert.Equal(at, (await ada.LoadAsync(made.Key)).LastUsedAt);
        folder.Delete(recursive: true);
        await use.ObserveAsync(Ct);
    }

    private static string Line(string key, DateTimeOffset at) =>
        $$"""{"bucket":"photos","time":"{{at:yyyy-MM-dd'T'HH:mm:ss.ffffff}}Z","operation":"get_obj","access_key_id":"{{key}}","temp_url":false}""";

    private Task MeterAsync() => ada.Get<BucketMetering>().SweepAsync(Ct);

    private async Task<List<UsageSpan>> StoredAsync(Bucket bucket) =>
        [.. (await ada.SpansAsync(bucket)).Where(span => span.Sku == Skus.BucketStorage)];
}
