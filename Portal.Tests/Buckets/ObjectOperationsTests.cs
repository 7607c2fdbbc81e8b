using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>Changes of many objects, of which a web runs so many for each account and no more.</summary>
[Trait("Needs", "database")]
public sealed class ObjectOperationsTests(TestPostgres postgres) : ServedTests(postgres)
{
    private readonly TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task An_account_has_ten_at_once_and_the_next_is_refused_until_one_has_ended()
    {
        var works = Server.Services.GetRequiredService<ObjectOperations>();
        var (ada, bob) = (await ACustomerAsync("photos"), await ACustomerAsync("films"));
        using var photos = ada.Bucket;
        using var films = bob.Bucket;
        var begun = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => BeginAsync(works, ada)));
        Assert.Equal(ObjectOperations.MostAtOnce, begun.Count(one => one.IsDone));
        Assert.All(
            begun.Where(one => !one.IsDone),
            one => Assert.Equal("10 changes of objects are under way already. Wait until one of them has ended, or stop one.", one.Reason)
        );
        Assert.True((await BeginAsync(works, bob)).IsDone);
        begun.First(one => one.IsDone).Value!.Stop();
        await Until.TrueAsync(() => Task.FromResult(begun.Any(one => one.Value?.IsOver is true)));
        Assert.True((await BeginAsync(works, ada)).IsDone);
        go.SetResult();

        // What ended is kept to be looked at, and not without end.
        await Until.TrueAsync(() => Task.FromResult(works.Of(ada.Actor.AccountId, photos.Id).All(work => work.IsOver)));
        for (var time = 0; time < 15; time++)
        {
            await BeginAsync(works, ada);
            await Until.TrueAsync(() => Task.FromResult(works.Of(ada.Actor.AccountId, photos.Id).All(work => work.IsOver)));
        }

        Assert.InRange(works.Of(ada.Actor.AccountId, photos.Id).Count, 1, ObjectOperations.MostAtOnce);
    }

    [Fact]
    public async Task What_cannot_be_written_down_does_not_begin_and_takes_no_place()
    {
        var works = Server.Services.GetRequiredService<ObjectOperations>();
        var ada = await ACustomerAsync("photos");
        using var photos = ada.Bucket;
        await Assert.ThrowsAsync<TooManyChangesException>(() =>
            works.StartAsync(
                ada.Actor,
                photos,
                "Deleting",
                "deleted",
                () => throw new TooManyChangesException(),
                (_, _, _) => throw new InvalidOperationException("It began.")
            )
        );
        Assert.Empty(works.Of(ada.Actor.AccountId, photos.Id));
    }

    private Task<Outcome<ObjectOperation>> BeginAsync(ObjectOperations works, (Actor Actor, OpenBucket Bucket) who) =>
        works.StartAsync(who.Actor, who.Bucket, "Deleting", "deleted", () => Task.CompletedTask, (_, _, ct) => go.Task.WaitAsync(ct));

    /// <summary>The store is never asked.</summary>
    private async Task<(Actor Actor, OpenBucket Bucket)> ACustomerAsync(string name)
    {
        var person = await Server.AddPersonAsync();
        await using var db = CreateDbContext();
        var user = await BucketRows.AddUserAsync(
            db,
            Server.Services.GetRequiredService<BucketSecrets>(),
            person.AccountId,
            "http://127.0.0.1:9"
        );
        var bucket = await BucketRows.AddBucketAsync(db, user, name);
        var actor = new Actor(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);
        return (
            actor,
            (
                await Server.Services.GetRequiredService<BucketGateway>().OpenAsync(actor, bucket.Id, TestContext.Current.CancellationToken)
            ).Value!
        );
    }
}
