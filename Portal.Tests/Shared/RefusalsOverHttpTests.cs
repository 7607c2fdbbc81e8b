using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;

namespace Portal.Tests.Shared;

/// <summary>A refusal is answered by its kind, and with its sentence.</summary>
[Trait("Needs", "database")]
public sealed class RefusalsOverHttpTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_that_cannot_be_opened_is_answered_by_why()
    {
        var (owner, stranger) = (await Server.AddPersonAsync(), await Server.AddPersonAsync());
        using var others = await Server.NewClientAsync(stranger);
        await using var db = CreateDbContext();
        var account = await db.Accounts.SingleAsync(account => account.Id == owner.AccountId, Ct);
        var user = await BucketRows.AddUserAsync(
            db,
            Server.Services.GetRequiredService<BucketSecrets>(),
            owner.AccountId,
            "http://127.0.0.1:9"
        );
        var bucket = await BucketRows.AddBucketAsync(db, user, $"bucket-{owner.UserId:N}");
        await AssertAsync(others, bucket.Name, HttpStatusCode.NotFound, "There is no such bucket.");

        account.Suspend(SuspensionReason.Operator, TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);

        // Of before the suspension no session is left; who signs in sees what there is.
        using var own = await Server.NewClientAsync(owner);
        await AssertAsync(own, bucket.Name, HttpStatusCode.Forbidden, CreateRule.Suspended);

        account.Resume();
        bucket.RequestDelete(emptyFirst: true, TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await AssertAsync(own, bucket.Name, HttpStatusCode.Conflict, "It is deleting.");
    }

    private async Task AssertAsync(FormClient client, string bucket, HttpStatusCode status, string sentence)
    {
        using var asked = new HttpRequestMessage(HttpMethod.Post, $"/buckets/{bucket}/uploads/abort");
        asked.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        asked.Headers.Add("Origin", Server.Address.GetLeftPart(UriPartial.Authority));
        using var upload = await client.Http.SendAsync(asked, Ct);
        Assert.Equal(
            (status, true),
            (upload.StatusCode, (await upload.Content.ReadAsStringAsync(Ct)).Contains($"\"{sentence}\"", StringComparison.Ordinal))
        );
        using var download = await client.GetAsync($"/buckets/{bucket}/download?key=a");
        Assert.Equal(
            (status, status is not HttpStatusCode.NotFound),
            (download.StatusCode, (await download.Content.ReadAsStringAsync(Ct)).Contains(sentence, StringComparison.Ordinal))
        );
    }
}
