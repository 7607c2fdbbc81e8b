using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Buckets;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>A store that hangs or refuses, as customers and operators see it: behind a proxy that interferes.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class StoreInTroubleTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private GatewayProxy proxy = null!;
    private BucketsAtWork work = null!;
    private Person ada = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ceph.StartAsync();
        proxy = await GatewayProxy.StartAsync(ceph.Endpoint);
        work = await BucketsAtWork.StartAsync(
            this,
            ConnectionString,
            ceph,
            ("ObjectStore:Endpoint", proxy.Endpoint),
            ("ObjectStore:AdminKeyId", ceph.Access.Admin.AccessKeyId),
            ("ObjectStore:AdminSecret", ceph.Access.Admin.Secret)
        );
        ada = await work.AddCustomerAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await proxy.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(Interference.Hang)]
    [InlineData(Interference.Busy)]
    [InlineData(Interference.Forbidden)]
    public async Task While_its_administration_fails_a_request_waits_with_a_sentence_operators_are_told_and_nothing_is_made_twice(
        Interference what
    )
    {
        proxy.Always(what, GatewayProxy.IsAdmin);
        var name = $"test-{Guid.NewGuid():N}";
        var page = await browser.SignInAsync(work.Server, ada, "/buckets/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync(name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create bucket" }).ClickAsync();
        await Expect(page.GetByText(WaitingFor.Store)).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "bucket-waits");
        await IncidentAsync("engine-away", "s3-local", isOpen: true);

        // Two minutes later.
        await using var db = CreateDbContext();
        var bucket = await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Name == name, Ct);
        await db
            .Buckets.Where(row => row.Id == bucket.Id)
            .ExecuteUpdateAsync(row => row.SetProperty(late => late.Deadline, bucket.CreatedAt), Ct);
        await db
            .ObjectStoreUsers.Where(user => user.Id == bucket.UserId)
            .ExecuteUpdateAsync(row => row.SetProperty(late => late.Deadline, bucket.CreatedAt), Ct);
        await IncidentAsync("deadline", bucket.Id, isOpen: true);
        await IncidentAsync("deadline", bucket.UserId, isOpen: true);

        proxy.Always(Interference.None, _ => true);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The bucket is empty" })).ToBeVisibleAsync();
        await IncidentAsync("deadline", bucket.Id, isOpen: false);
        await IncidentAsync("deadline", bucket.UserId, isOpen: false);
        await IncidentAsync("engine-away", "s3-local", isOpen: false);
        Assert.Single(await ceph.Store.UsersAsync(Ct), user => user == bucket.UserId);
        Assert.Equal(name, Assert.Single(await ceph.Store.BucketsAsync(Ct), held => held.UserId == bucket.UserId).Name);
    }

    [Fact]
    public async Task While_it_hangs_a_bucket_s_page_says_so_and_goes_on_by_itself()
    {
        var name = await work.AddBucketAsync(ada);
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada));
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = name,
                Key = "notes.txt",
                ContentBody = "x",
            },
            Ct
        );
        var lists = 0;
        proxy.Always(Interference.Hang, request => !request.Query.ContainsKey("list-type") || Interlocked.Increment(ref lists) > 0);
        await IncidentAsync("engine-away", "s3-local", isOpen: true);
        var page = await browser.SignInAsync(work.Server, ada, $"/buckets/{name}");
        var problem = page.GetByRole(AriaRole.Alert);
        await Expect(problem).ToContainTextAsync("The object store does not answer at the moment.");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The bucket is empty" })).ToHaveCountAsync(0);
        await ABrowser.AssertAccessibleAsync(page, "bucket-away");
        var before = Volatile.Read(ref lists);
        await problem.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Until.TrueAsync(() => Volatile.Read(ref lists) > before);
        await Expect(problem).ToContainTextAsync("The object store does not answer at the moment.");
        proxy.Always(Interference.None, _ => true);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["notes.txt"]);
        await Expect(problem).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData(Interference.NoRoom)]
    [InlineData(Interference.UnknownError)]
    [InlineData(Interference.Hang)]
    public async Task While_it_answers_but_takes_nothing_operators_and_customers_are_told_and_what_is_there_can_be_read(Interference what)
    {
        var name = await work.AddBucketAsync(ada);
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada));
        await s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = name,
                Key = "notes.txt",
                ContentBody = "x",
            },
            Ct
        );
        proxy.Always(what, request => request.Method is "PUT" or "POST" && !GatewayProxy.IsAdmin(request));
        await IncidentAsync("store-full", "s3-local", isOpen: true);
        var page = await browser.SignInAsync(work.Server, ada, $"/buckets/{name}");
        var notice = page.Locator("main .notice", new() { HasText = "The object store is full, and takes nothing more for now." });
        await Expect(notice).ToBeVisibleAsync();
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["notes.txt"]);
        using var files = new FilesOnDisk(("late.txt", "late"u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths("late.txt"));
        await Expect(page.Locator("#uploads-list li")).ToContainTextAsync("The object store is full");
        var keeper = await browser.SignInAsync(work.Server, await work.Server.AddPersonAsync(isOperator: true), "/operator/object-stores");
        await Expect(keeper.GetByRole(AriaRole.Alert)).ToContainTextAsync("most likely because it is full");
        await ABrowser.AssertAccessibleAsync(keeper, "operator-store-takes-nothing");
        await using (var db = CreateDbContext())
        {
            // It refuses by itself: quotas stay as they are.
            Assert.False(await db.ObjectStoreUsers.AnyAsync(user => user.BytesAllowed == 0, Ct));
        }

        // On a busy machine one look at it may have timed out.
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return !await db.Incidents.AnyAsync(incident => incident.Kind == "engine-away" && incident.ClosedAt == null, Ct);
            },
            Patience,
            () => "The store counts as away."
        );

        proxy.Always(Interference.None, _ => true);
        await IncidentAsync("store-full", "s3-local", isOpen: false);
        await Expect(notice).ToHaveCountAsync(0);
        await Expect(keeper.GetByText("it last took a write on trial")).ToBeVisibleAsync();
    }

    private Task IncidentAsync(string kind, string resource, bool isOpen)
    {
        List<Incident> all = [];
        return Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                all = await db.Incidents.AsNoTracking().ToListAsync(Ct);
                return all.Exists(incident => incident.Kind == kind && incident.ResourceId == resource)
                    && all.Exists(incident => incident.Kind == kind && incident.ResourceId == resource && incident.ClosedAt == null)
                        == isOpen;
            },
            Patience,
            () =>
                $"{kind} of {resource} is not {(isOpen ? "open" : "closed")}: {string.Join(", ", all.Select(incident => $"{incident.Kind} {incident.ResourceId} {incident.ClosedAt}"))}"
        );
    }
}
