using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Operators;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Operators;

/// <summary>An operator enters a gateway that somebody else runs, and its region's worker tries and takes it.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class ObjectStorePageTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : ServedTests(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ceph.StartAsync();
    }

    [Fact]
    public async Task A_gateway_is_tried_before_it_is_taken_and_customers_have_buckets_then()
    {
        await using var worker = await WorkerServer.StartAsync(ConnectionString, new InMemoryEngine());
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator/object-stores");
        await ABrowser.AssertAccessibleAsync(page, "operator-no-store");
        await page.GetByRole(AriaRole.Button, new() { Name = "Enter a gateway" }).ClickAsync();
        await page.GetByLabel("Endpoint", new() { Exact = true }).FillAsync(ceph.Endpoint + "/path");
        await page.GetByLabel("Access key").FillAsync(ceph.Access.Admin.AccessKeyId);
        await page.GetByLabel("Secret").FillAsync("not-the-secret");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test and save" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("and nothing after it");
        await ABrowser.AssertAccessibleAsync(page, "operator-enter-store");
        await page.GetByLabel("Endpoint", new() { Exact = true }).FillAsync(ceph.Endpoint);
        await page.GetByRole(AriaRole.Button, new() { Name = "Test and save" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert))
            .ToContainTextAsync($"{ceph.Endpoint} was not taken: The object store does not know Portal's key: SignatureDoesNotMatch.");
        await ABrowser.AssertAccessibleAsync(page, "operator-store-refused");
        Assert.False(await ThereAsync());

        await page.GetByRole(AriaRole.Button, new() { Name = "Correct it" }).ClickAsync();
        await Expect(page.GetByLabel("Secret")).ToHaveValueAsync("");
        await page.GetByLabel("Secret").FillAsync(ceph.Access.Admin.Secret);
        await page.GetByRole(AriaRole.Button, new() { Name = "Test and save" }).ClickAsync();
        await Expect(page.GetByText("an operator, here")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await ABrowser.AssertAccessibleAsync(page, "operator-store");
        Assert.DoesNotContain(ceph.Access.Admin.Secret, await page.ContentAsync(), StringComparison.Ordinal);

        await using var db = CreateDbContext();
        var store = await db.ObjectStores.AsNoTracking().SingleAsync(Ct);
        Assert.Equal((StoreSource.Operator, ceph.Endpoint, null), (store.Source, store.Endpoint, store.AwaySince));
        Assert.Empty(await db.ObjectStoreChanges.ToListAsync(Ct));
        var audit = await db
            .AuditEntries.AsNoTracking()
            .Where(entry => entry.ResourceId == "local")
            .OrderBy(entry => entry.Id)
            .ToListAsync(Ct);
        Assert.Equal(["PutObjectStore", "PutObjectStore", "ModifyObjectStore"], audit.Select(entry => entry.Action));
        Assert.All(
            audit.Select(entry => entry.After).Append(store.SealedAdminSecret),
            text => Assert.DoesNotContain(ceph.Access.Admin.Secret, text!, StringComparison.Ordinal)
        );
        await BucketAsync();
    }

    [Fact]
    public async Task What_an_embedded_store_s_worker_says_is_not_overruled()
    {
        await using var worker = await WorkerServer.StartAsync(ConnectionString, new InMemoryEngine(), ("ObjectStore:Folder", ceph.Folder));
        await Until.TrueAsync(ThereAsync, Patience);
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator/object-stores");
        await Expect(page.GetByText("its worker, which runs it")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Change" })).ToHaveAttributeAsync("aria-disabled", "true");
        var stores = Server.Services.GetRequiredService<EnterObjectStore>();
        var refused = await stores.RunAsync(
            await AnOperator.AddAsync(this, OperatorRole.Infrastructure),
            "local",
            new NewObjectStore
            {
                Endpoint = "https://s3.example.com",
                AdminKeyId = "key",
                Secret = "long-enough",
            },
            Ct
        );
        Assert.StartsWith("Its worker runs an object store of its own", refused.Reason, StringComparison.Ordinal);
        await ABrowser.AssertAccessibleAsync(page, "operator-store-embedded");
    }

    private async Task<bool> ThereAsync()
    {
        await using var db = CreateDbContext();
        return await db.ObjectStores.AnyAsync(store => store.SeenAt != null, Ct);
    }

    private async Task BucketAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = (
            await Server
                .Services.GetRequiredService<CreateBucket>()
                .RunAsync(actor, new NewBucket($"test-{Guid.NewGuid():N}", Guid.NewGuid().ToString("N")), Ct)
        ).Value!;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await db.Buckets.AnyAsync(bucket => bucket.Id == made.Id && bucket.State == BucketState.Available, Ct);
            },
            Patience
        );
    }
}

public sealed class NewObjectStoreTests
{
    [Theory]
    [InlineData(
        "s3.example.com",
        "",
        "us-east-1",
        "KEY",
        "a-long-secret",
        "The endpoint is https:// or http:// with a host and perhaps a port, and nothing after it."
    )]
    [InlineData(
        "https://s3.example.com/path",
        "",
        "us-east-1",
        "KEY",
        "a-long-secret",
        "The endpoint is https:// or http:// with a host and perhaps a port, and nothing after it."
    )]
    [InlineData(
        "https://me:secret@s3.example.com",
        "",
        "us-east-1",
        "KEY",
        "a-long-secret",
        "The endpoint is https:// or http:// with a host and perhaps a port, and nothing after it."
    )]
    [InlineData(
        "http://[2001:db8::7]:8000",
        "",
        "us-east-1",
        "KEY",
        "a-long-secret",
        "Browsers cannot be told of an endpoint that is an IPv6 address: give it a name."
    )]
    [InlineData(
        "https://s3.example.com",
        "ftp://inside",
        "us-east-1",
        "KEY",
        "a-long-secret",
        "The internal endpoint is https:// or http:// with a host and perhaps a port, and nothing after it."
    )]
    [InlineData(
        "https://s3.example.com",
        "",
        "US East",
        "KEY",
        "a-long-secret",
        "The region is lowercase letters, digits and hyphens, such as us-east-1."
    )]
    [InlineData(
        "https://s3.example.com",
        "",
        "us-east-1",
        "",
        "a-long-secret",
        "The access key's id is missing, or holds something that no id does."
    )]
    [InlineData("https://s3.example.com", "", "us-east-1", "KEY", "", "The secret of this key is missing.")]
    [InlineData("https://s3.example.com", "", "us-east-1", "KNOWN", "", null)]
    [InlineData("https://s3.example.com/", "http://10.0.0.7:7480", "us-east-1", "KEY", "a-long-secret", null)]
    public void A_gateway_is_refused_with_a_sentence(
        string endpoint,
        string inside,
        string region,
        string key,
        string secret,
        string? sentence
    ) =>
        Assert.Equal(
            sentence,
            new NewObjectStore
            {
                Endpoint = endpoint,
                InternalEndpoint = inside,
                SigningRegion = region,
                AdminKeyId = key,
                Secret = secret,
            }.WhyNot("KNOWN")
        );
}
