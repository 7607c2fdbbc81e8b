using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Closing;

/// <summary>A person closes the account in a browser; its buckets lie in a real Ceph.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class ClosingPagesTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : TestDatabase(postgres)
{
    private BucketsAtWork work = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        work = await BucketsAtWork.StartAsync(this, ConnectionString, ceph);
    }

    public override async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task What_is_there_is_shown_the_password_is_asked_for_and_all_of_it_goes_while_the_page_counts()
    {
        var ada = await work.AddCustomerAsync();
        var (bucket, key) = (await work.AddBucketAsync(ada), await work.AddKeyAsync(ada));
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", key);
        for (var number = 0; number < 20; number++)
        {
            await s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = $"{number}.txt",
                    ContentBody = "x",
                },
                Ct
            );
        }

        var instance = await RunningMachines.AddByWorkerAsync(this, ActorOf(ada));
        await UseAsync(ada);
        await ProtectAsync(instance, true);
        var page = await browser.SignInAsync(work.Server, ada, "/settings");
        await page.GetByRole(AriaRole.Link, new() { Name = "Close account…" }).ClickAsync();
        await Expect(page.GetByText("amber-falcon is protected from termination")).ToBeVisibleAsync();
        await Expect(Button(page)).ToBeDisabledAsync();
        await ABrowser.AssertAccessibleAsync(page, "close-account-protected");
        await ProtectAsync(instance, false);
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Instances" })).ToContainTextAsync("1");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Buckets" })).ToContainTextAsync("1");
        await Expect(page.GetByText("It is to be paid with Visa •••• 4242")).ToBeVisibleAsync();
        await page.GetByLabel($"Type {ada.Email} to confirm").FillAsync(ada.Email);
        await page.GetByLabel("Your password").FillAsync("not it at all");
        await Button(page).ClickAsync();
        await Expect(page.GetByText("That is not your current password.")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "close-account");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "close-account");
        await page.SetViewportSizeAsync(ABrowser.Desktop.Width, ABrowser.Desktop.Height);

        var other = await browser.SignInAsync(work.Server, ada, "/instances");
        await page.GetByLabel("Your password").FillAsync(PortalServer.Password);
        await Button(page).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your account is being closed" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "closing");
        await other.WaitForURLAsync(url => new Uri(url).AbsolutePath == "/sign-in");
        await Expect(page.GetByText("Everything is gone. The last minutes of use are being counted")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "closing-counted");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your account is closed" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "closed");
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        await ABrowser.AssertAccessibleAsync(page, "closed");
        await AssertNothingLeftAsync(ada, bucket, s3);
    }

    [Fact]
    public async Task An_operator_sees_the_accounts_that_close()
    {
        var keeper = await work.Server.AddPersonAsync(isOperator: true);
        var page = await browser.SignInAsync(work.Server, keeper, "/operator");
        var ada = await work.AddCustomerAsync();
        await using (var db = CreateDbContext())
        {
            var account = await db.Accounts.SingleAsync(account => account.Id == ada.AccountId, Ct);
            account.RequestClose(null, TimeProvider.System.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        var list = page.GetByRole(AriaRole.Heading, new() { Name = "Accounts being closed" });
        await Expect(list).ToBeVisibleAsync();
        await Expect(list).ToHaveCountAsync(0);
    }

    private static Actor ActorOf(Person person) => new(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);

    private static ILocator Button(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Close this account for good" });

    /// <summary>Something that the last bill is for.</summary>
    private async Task UseAsync(Person person)
    {
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        db.UsageSpans.Add(
            new UsageSpan
            {
                AccountId = person.AccountId,
                ResourceId = "i-1",
                ResourceName = "gone",
                Sku = "instance.t1.large",
                Quantity = 500,
                From = now.AddHours(-1),
                To = now,
            }
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task ProtectAsync(string instance, bool isProtected)
    {
        await using var db = CreateDbContext();
        await db
            .Instances.Where(row => row.Id == instance)
            .ExecuteUpdateAsync(row => row.SetProperty(one => one.IsProtected, isProtected), Ct);
    }

    private async Task AssertNothingLeftAsync(Person ada, string bucket, AmazonS3Client s3)
    {
        await using var db = CreateDbContext();
        var user = await db.ObjectStoreUsers.AsNoTracking().SingleAsync(user => user.AccountId == ada.AccountId, Ct);
        Assert.DoesNotContain(user.Id, await ceph.Store.UsersAsync(Ct));
        Assert.DoesNotContain(await ceph.Store.BucketsAsync(Ct), held => held.Name == bucket);
        Assert.Empty(work.Engine.Machines);
        Assert.Empty(work.Engine.Volumes);
        var refused = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => s3.ListBucketsAsync(Ct));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Empty(await db.UsageSpans.Where(span => span.AccountId == ada.AccountId && span.To == null).ToListAsync(Ct));
        Assert.Contains(
            await db.UsageSpans.Where(span => span.AccountId == ada.AccountId).Select(span => span.Sku).ToListAsync(Ct),
            sku => sku is "bucket.writes"
        );
        Assert.Equal(
            ["Your Portal account is being closed", "Your Portal account is closed"],
            await db
                .Mails.Where(mail => mail.To == ada.Email && mail.Subject.StartsWith("Your"))
                .OrderBy(mail => mail.CreatedAt)
                .Select(mail => mail.Subject)
                .ToListAsync(Ct)
        );
    }
}
