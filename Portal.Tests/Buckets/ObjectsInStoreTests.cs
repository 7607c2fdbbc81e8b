using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>What the pages do with objects and settings, against a real Ceph.</summary>
[Trait("Needs", "engine")]
[Trait("Needs", "database")]
public sealed class ObjectsInStoreTests(TestPostgres postgres, TestCeph ceph) : BucketTests(postgres, ceph)
{
    private OpenBucket bucket = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        bucket = await Scene.OpenAsync(await Scene.AddBucketAsync());
    }

    public override async ValueTask DisposeAsync()
    {
        bucket.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Every_name_that_is_taken_goes_up_and_comes_down_again()
    {
        using var http = new HttpClient();
        string[] keys =
        [
            "a b.txt",
            "a+b.txt",
            "100%.txt",
            "a%2Fb.txt",
            "ü/日本語/😀.txt",
            "q?x=1&y=#z.txt",
            "a//b",
            "it's (*)!~.txt",
            "back\\slash",
            new string('é', 512),
        ];
        foreach (var key in keys)
        {
            var plan = Assert.Single((await Uploads.BeginAsync(bucket, [new UploadFile(key, 3, "text/plain", null, false)], Ct)).Files);
            Assert.Null(plan.Refused);
            using var content = new ByteArrayContent("abc"u8.ToArray());
            content.Headers.ContentType = new("text/plain");
            using var put = await http.PutAsync(plan.Url, content, Ct);
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
            using var got = await http.GetAsync(ObjectLinks.Download(bucket, key), Ct);
            Assert.Equal("abc", await got.Content.ReadAsStringAsync(Ct));
            Assert.Equal(ObjectKey.NameOf(key), got.Content.Headers.ContentDisposition!.FileNameStar);
        }

        Assert.Equal(keys.Order(KeyOrder.Instance), await KeysAsync(""));
        var work = (await Scene.Changes.DeleteAsync(Scene.Actor, bucket, ObjectSelection.All("", ["a b.txt"]), "Deleting")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal((9, 0, null), (work.Changed, work.Failed, work.Reason));
        Assert.Equal(["a b.txt"], await KeysAsync(""));
    }

    [Fact]
    public async Task An_upload_in_parts_goes_on_where_it_was_and_is_completed_once()
    {
        using var http = new HttpClient();
        var (content, ask) = (FilesOnDisk.Random(20 << 20), new UploadFile("big.bin", 20 << 20, null, null, false));
        var plan = (await Uploads.BeginAsync(bucket, [ask], Ct)).Files[0];
        Assert.Equal((8 << 20, "application/octet-stream"), (plan.PartSize, plan.Type));
        await PutAsync(1, 3);
        var again = (await Uploads.BeginAsync(bucket, [ask with { UploadId = plan.UploadId }], Ct)).Files[0];
        Assert.Equal(plan.UploadId, again.UploadId);
        Assert.Equal([1, 3], again.Done);

        var complete = new CompleteUpload("big.bin", plan.UploadId!, content.Length);
        Assert.Equal([2], (await Uploads.CompleteAsync(bucket, complete, Ct)).Missing);
        await PutAsync(2);
        Assert.Null((await Uploads.CompleteAsync(bucket, complete, Ct)).Missing);
        Assert.Null((await Uploads.CompleteAsync(bucket, complete, Ct)).Missing);
        using var found = await Scene.S3.GetObjectAsync(bucket.Name, "big.bin", Ct);
        using var copy = new MemoryStream();
        await found.ResponseStream.CopyToAsync(copy, Ct);
        Assert.True(content.AsSpan().SequenceEqual(copy.ToArray()));
        Assert.True((await Uploads.BeginAsync(bucket, [ask], Ct)).Files[0].Exists);

        async Task PutAsync(params int[] parts)
        {
            var urls = Uploads.Sign(bucket, new SignParts("big.bin", plan.UploadId!, parts)).Urls;
            foreach (var (part, url) in parts.Zip(urls))
            {
                var from = (part - 1) * (8 << 20);
                using var piece = new ByteArrayContent(content, from, Math.Min(8 << 20, content.Length - from));
                using var put = await http.PutAsync(url, piece, Ct);
                Assert.Equal(HttpStatusCode.OK, put.StatusCode);
            }
        }
    }

    [Fact]
    public async Task An_aborted_upload_leaves_nothing_and_aborting_it_again_is_no_error()
    {
        var plan = (await Uploads.BeginAsync(bucket, [new UploadFile("big.bin", 20 << 20, null, null, false)], Ct)).Files[0];
        await Uploads.AbortAsync(bucket, new AbortUpload("big.bin", plan.UploadId!), Ct);
        await Uploads.AbortAsync(bucket, new AbortUpload("big.bin", plan.UploadId!), Ct);
        Assert.Empty((await Scene.S3.ListMultipartUploadsAsync(bucket.Name, Ct)).MultipartUploads ?? []);
    }

    [Fact]
    public async Task A_folder_of_some_thousands_is_read_at_any_place_and_holds_few_lines()
    {
        await PutManyAsync(2500, "many/");
        await PutAsync("many/sub/x", "many/");
        var listing = new ObjectListing(bucket, "many/", "many/");
        Assert.Equal("many/0000", (await listing.WindowAsync(0, 50, Ct))[0].Key);
        Assert.False(listing.IsComplete);
        Assert.True(listing.Total > listing.Known);
        Assert.Equal(["many/2499", "many/sub/"], (await listing.WindowAsync(2499, 50, Ct)).Select(line => line.Key));
        Assert.Equal((true, 2501, 2501), (listing.IsComplete, listing.Known, listing.Total));
        Assert.Equal("many/1500", (await listing.WindowAsync(1500, 1, Ct))[0].Key);
        listing.Forget();
        await Scene.S3.DeleteObjectAsync(bucket.Name, "many/0000", Ct);
        Assert.Equal("many/0001", (await listing.WindowAsync(0, 1, Ct))[0].Key);
        Assert.Equal("many/sub/", (await listing.WindowAsync(2499, 5, Ct)).Single().Key);
    }

    [Fact]
    public async Task Folders_come_first_where_all_of_a_folder_is_known()
    {
        await PutAsync("b.txt", "z/1", "a.txt", "Z/1");
        var listing = new ObjectListing(bucket, "", "");
        Assert.Equal(["Z/", "z/", "a.txt", "b.txt"], (await listing.WindowAsync(0, 10, Ct)).Select(line => line.Key));
    }

    [Fact]
    public async Task A_folder_is_renamed_with_all_that_is_in_it_and_what_it_carries()
    {
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "old/a.txt",
                ContentBody = "a",
                ContentType = "text/x-own",
                CannedACL = S3CannedACL.PublicRead,
                Headers = { CacheControl = "max-age=60" },
                Metadata = { ["colour"] = "red" },
            },
            Ct
        );
        await PutAsync("old/deep/b.txt", "new/deep/b.txt");
        var work = (await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.Of("old/"), "old/", "new/", "Moving")).Value;
        Assert.Null(work);
        work = (await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.Of("old/"), "", "kept/", "Moving")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal((2, 0, null), (work.Changed, work.Failed, work.Reason));
        Assert.Equal(["kept/old/a.txt", "kept/old/deep/b.txt", "new/deep/b.txt"], await KeysAsync(""));
        var moved = await Scene.S3.GetObjectMetadataAsync(bucket.Name, "kept/old/a.txt", Ct);
        Assert.Equal(
            ("text/x-own", "max-age=60", "red"),
            (moved.Headers.ContentType, moved.Headers.CacheControl, moved.Metadata["colour"])
        );
        Assert.True(await ObjectCopy.IsPublicAsync(Scene.S3, bucket.Name, "kept/old/a.txt", null, Ct));
    }

    [Fact]
    public async Task Some_thousands_go_whatever_they_are_called_and_a_worker_that_dies_is_followed_by_the_next()
    {
        string[] odd = ["odd/\u0001\u0002", "odd/tab\there", "odd/\uFFFE", "odd/ü 日本 %2F+.txt", "odd/", "odd//double"];
        await PutAsync(odd);
        await PutManyAsync(2500, "odd/many/");
        await PutAsync("other");
        var begun = (await Scene.Changes.DeleteAsync(Scene.Actor, bucket, ObjectSelection.Of("odd/"), "Deleting")).Value!;
        var ended = await Scene.DoneAsync(begun);
        Assert.Equal(
            (ObjectOperationState.Done, 2506, 0, 2506, null),
            (ended.State, ended.Changed, ended.Failed, ended.Total, ended.Reason)
        );
        Assert.Equal(["other"], await KeysAsync(""));
    }

    [Fact]
    public async Task Moving_over_what_is_there_leaves_both()
    {
        await PutAsync("a/1", "a/2", "b/1");
        var work = (await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.Of("a/1", "a/2"), "a/", "b/", "Moving")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal((1, 1), (work.Changed, work.Failed));
        Assert.Equal(["a/1", "b/1", "b/2"], await KeysAsync(""));
    }

    [Fact]
    public async Task A_folder_is_not_moved_into_itself()
    {
        await PutAsync("a/1");
        Assert.NotNull((await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.Of("a/"), "", "a/b/", "Moving")).Reason);
        Assert.Equal(["a/1"], await KeysAsync(""));
    }

    [Fact]
    public async Task Everything_is_moved_into_one_of_its_folders_except_that_folder()
    {
        await PutAsync("a", "b/c", "old/x");
        Assert.NotNull((await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.All("", []), "", "old/", "Moving")).Reason);
        var work = (await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.All("", ["old/"]), "", "old/", "Moving")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal((2, 0, null), (work.Changed, work.Failed, work.Reason));
        Assert.Equal(["old/a", "old/b/c", "old/x"], await KeysAsync(""));
    }

    [Fact]
    public async Task What_is_too_large_for_one_copy_is_copied_in_parts()
    {
        var content = FilesOnDisk.Random(13 << 20);
        using var stream = new MemoryStream(content);
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "large",
                InputStream = stream,
                ContentType = "text/x-own",
                Metadata = { ["colour"] = "red" },
            },
            Ct
        );
        await new ObjectCopy(largest: 5 << 20, partSize: 5 << 20).RunAsync(Scene.S3, bucket.Name, "large", "copy of large", null, null, Ct);
        using var found = await Scene.S3.GetObjectAsync(bucket.Name, "copy of large", Ct);
        using var copy = new MemoryStream();
        await found.ResponseStream.CopyToAsync(copy, Ct);
        Assert.True(content.AsSpan().SequenceEqual(copy.ToArray()));
        Assert.Equal(("text/x-own", "red"), (found.Headers.ContentType, found.Metadata["colour"]));
        Assert.EndsWith("-3\"", found.ETag, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_are_changed_in_place_and_noted()
    {
        await PutAsync("a.txt");
        var outcome = await Server
            .Services.GetRequiredService<ChangeObjectHeaders>()
            .RunAsync(
                Scene.Actor,
                bucket,
                "a.txt",
                new ObjectHeaders
                {
                    ContentType = "text/markdown",
                    ContentDisposition = "attachment",
                    Metadata = new Dictionary<string, string> { ["colour"] = "blue" },
                },
                Ct
            );
        Assert.Null(outcome.Reason);
        var found = await Scene.S3.GetObjectMetadataAsync(bucket.Name, "a.txt", Ct);
        Assert.Equal(
            ("text/markdown", "attachment", "blue"),
            (found.Headers.ContentType, found.Headers.ContentDisposition, found.Metadata["colour"])
        );
        await using var db = CreateDbContext();
        Assert.Equal(
            "PutObjectHeaders",
            await db.AuditEntries.Where(entry => entry.ResourceId == bucket.Id).Select(entry => entry.Action).SingleAsync(Ct)
        );
    }

    [Fact]
    public async Task An_older_version_and_a_deleted_object_are_restored()
    {
        await Server.Services.GetRequiredService<ChangeBucketSettings>().SetVersioningAsync(Scene.Actor, bucket, true, Ct);
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "k",
                ContentBody = "one",
            },
            Ct
        );
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "k",
                ContentBody = "two",
            },
            Ct
        );
        var versions = await ObjectVersions.ListAsync(bucket, "k", Ct);
        Assert.Equal([true, false], versions.Select(version => version.IsLatest));
        var keeper = Server.Services.GetRequiredService<ObjectVersions>();
        await keeper.RestoreAsync(Scene.Actor, bucket, "k", versions[1].Id, Ct);
        Assert.Equal("one", await TextAsync("k"));
        await Scene.S3.DeleteObjectAsync(bucket.Name, "k", Ct);
        var gone = Assert.Single((await DeletedPage.ReadAsync(bucket, "", null, Ct)).Found);
        Assert.Null(await ObjectView.LoadAsync(bucket, "k", Ct));
        await keeper.UndeleteAsync(Scene.Actor, bucket, gone.Key, Ct);
        Assert.Equal("one", await TextAsync("k"));
        await keeper.DeleteAsync(Scene.Actor, bucket, "k", versions[0].Id, Ct);
        Assert.DoesNotContain(versions[0].Id, (await ObjectVersions.ListAsync(bucket, "k", Ct)).Select(version => version.Id));
        await using var db = CreateDbContext();
        Assert.Equal(
            ["PutBucketVersioning", "RestoreObject", "RestoreObject", "DeleteObjectVersion"],
            await db
                .AuditEntries.Where(entry => entry.ResourceId == bucket.Id)
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task What_was_deleted_twice_comes_back_and_what_never_was_is_not_told_of()
    {
        await Server.Services.GetRequiredService<ChangeBucketSettings>().SetVersioningAsync(Scene.Actor, bucket, true, Ct);
        await PutAsync("twice");
        await Scene.S3.DeleteObjectAsync(bucket.Name, "twice", Ct);
        await Scene.S3.DeleteObjectAsync(bucket.Name, "twice", Ct);
        await Scene.S3.DeleteObjectAsync(bucket.Name, "never", Ct);
        Assert.Equal("twice", Assert.Single((await DeletedPage.ReadAsync(bucket, "", null, Ct)).Found).Key);
        await Server.Services.GetRequiredService<ObjectVersions>().UndeleteAsync(Scene.Actor, bucket, "twice", Ct);
        Assert.Equal("twice", await TextAsync("twice"));

        var work = (await Scene.Changes.DeleteAsync(Scene.Actor, bucket, ObjectSelection.Of("twice", "nor this"), "Deleting")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal(
            (1, 1, new ObjectProblem("nor this", "It was not there any more.")),
            (work.Changed, work.Failed, Assert.Single(work.Problems))
        );
        Assert.DoesNotContain(await ObjectVersions.ListAsync(bucket, "nor this", Ct), version => version.IsDeleteMarker);
    }

    /// <summary>Amazon's client asks for another object where a key begins with a slash, or holds dots that addresses resolve.</summary>
    [Theory]
    [InlineData("/leading.txt", "leading.txt")]
    [InlineData("dots/../x.txt", "x.txt")]
    public async Task A_key_that_no_address_can_hold_is_shown_and_deleted_and_never_taken_for_another(string key, string other)
    {
        await PutAsync(other);
        using (var raw = new RawS3(Ceph.Endpoint, Scene.Key))
        {
            Assert.Equal(HttpStatusCode.OK, (await raw.PutAsync($"/{bucket.Name}/{key}", "longer than the other")).Status);
        }

        var shown = (await ObjectView.LoadAsync(bucket, key, Ct))!;
        Assert.Equal((21L, null, null), (shown.Size, shown.Headers, shown.Text));
        Assert.Equal(
            ObjectKey.WhyNotInBrowser(key),
            (await Server.Services.GetRequiredService<ShareObject>().RunAsync(Scene.Actor, bucket, key, TimeSpan.FromHours(1), Ct)).Reason
        );
        var moved = (await Scene.Changes.MoveAsync(Scene.Actor, bucket, ObjectSelection.Of(key), key, "elsewhere", "Moving")).Value!;
        moved = await Scene.DoneAsync(moved);
        Assert.Equal((0, 1), (moved.Changed, moved.Failed));
        Assert.Contains(key, await KeysAsync(""));
        var work = (await Scene.Changes.DeleteAsync(Scene.Actor, bucket, ObjectSelection.Of(key), "Deleting")).Value!;
        work = await Scene.DoneAsync(work);
        Assert.Equal((1, 0), (work.Changed, work.Failed));
        Assert.Equal(other, await TextAsync(other));
        Assert.DoesNotContain(key, await KeysAsync(""));
    }

    [Fact]
    public async Task Tags_stay_when_headers_are_changed_and_when_a_copy_is_made_in_parts()
    {
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "tagged",
                ContentBody = "x",
                TagSet = [new Tag { Key = "keep", Value = "for ever" }],
            },
            Ct
        );
        await Server
            .Services.GetRequiredService<ChangeObjectHeaders>()
            .RunAsync(Scene.Actor, bucket, "tagged", new ObjectHeaders { ContentType = "text/markdown" }, Ct);
        await new ObjectCopy(largest: 0, partSize: 5 << 20).RunAsync(Scene.S3, bucket.Name, "tagged", "copy", null, null, Ct);
        foreach (var key in (string[])["tagged", "copy"])
        {
            Assert.Equal(
                "for ever",
                Assert
                    .Single(
                        (
                            await Scene.S3.GetObjectTaggingAsync(new GetObjectTaggingRequest { BucketName = bucket.Name, Key = key }, Ct)
                        ).Tagging
                    )
                    .Value
            );
        }
    }

    [Fact]
    public async Task Settings_are_written_to_S3_and_read_back_whoever_wrote_them()
    {
        var change = Server.Services.GetRequiredService<ChangeBucketSettings>();
        await PutAsync("index.html");
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(bucket.PublicUrl("index.html"), Ct)).StatusCode);
        Assert.Null((await change.MakePublicAsync(Scene.Actor, bucket, true, Ct)).Reason);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(bucket.PublicUrl("index.html"), Ct)).StatusCode);
        Assert.Null((await change.SetWebsiteAsync(Scene.Actor, bucket, null, "index.html", "404.html", Ct)).Reason);
        Assert.Null(
            (
                await change.SetLifecycleAsync(
                    Scene.Actor,
                    bucket,
                    [],
                    [
                        new LifecycleDraft
                        {
                            Prefix = "tmp/",
                            Expire = "3",
                            ExpireOlder = "2",
                            Abort = "1",
                        }.ToRule(),
                    ],
                    Ct
                )
            ).Reason
        );
        Assert.Null((await change.SetVersioningAsync(Scene.Actor, bucket, true, Ct)).Reason);
        await PortalCorsRule.EnsureAsync(bucket, "http://localhost:1", Ct);
        Assert.Null(
            (
                await change.SetCorsAsync(
                    Scene.Actor,
                    bucket,
                    [],
                    [
                        new CorsDraft
                        {
                            Id = "star",
                            Origins = "*",
                            Methods = { "GET" },
                        }.ToRule(),
                    ],
                    Ct
                )
            ).Reason
        );

        var read = await BucketSettings.ReadAsync(bucket, Ct);
        Assert.Equal(
            (true, true, "index.html", "404.html"),
            (
                read.Public.Value!.BySwitch,
                read.IsVersioned,
                BucketWebsite.Of(read.Website.Value!).Index,
                BucketWebsite.Of(read.Website.Value!).Error
            )
        );
        Assert.Equal([PortalCorsRule.Id, "star"], read.Cors.Value!.Select(rule => CorsDraft.Of(rule).Id));
        var rule = LifecycleDraft.Of(Assert.Single(read.Lifecycle.Value!));
        Assert.Equal(("tmp/", "3", "2", "1", false), (rule.Prefix, rule.Expire, rule.ExpireOlder, rule.Abort, rule.IsForeign));

        // With another tool:
        await Scene.S3.DeleteBucketPolicyAsync(bucket.Name, Ct);
        await Scene.S3.DeleteBucketWebsiteAsync(bucket.Name, Ct);
        await Scene.S3.PutCORSConfigurationAsync(
            bucket.Name,
            new CORSConfiguration { Rules = [new CORSRule { AllowedOrigins = ["*"], AllowedMethods = ["GET"] }] },
            Ct
        );
        read = await BucketSettings.ReadAsync(bucket, Ct);
        Assert.Equal((false, null), (read.Public.Value!.IsOn, read.Website.Value));
        await PortalCorsRule.EnsureAsync(bucket, "http://localhost:1", Ct);
        Assert.Equal(2, (await BucketSettings.ReadAsync(bucket, Ct)).Cors.Value!.Count);
        await using var db = CreateDbContext();
        Assert.Equal(5, await db.AuditEntries.CountAsync(entry => entry.ResourceId == bucket.Id, Ct));
    }

    [Fact]
    public async Task What_somebody_changed_meanwhile_is_not_overwritten_unseen()
    {
        var change = Server.Services.GetRequiredService<ChangeBucketSettings>();
        var seen = await BucketSettings.ReadAsync(bucket, Ct);
        var policy = PolicyExamples.Of(bucket.Name)[0].Text;
        await Scene.S3.PutBucketPolicyAsync(bucket.Name, policy, Ct);
        await Scene.S3.PutCORSConfigurationAsync(
            bucket.Name,
            new CORSConfiguration { Rules = [new CORSRule { AllowedOrigins = ["*"], AllowedMethods = ["GET"] }] },
            Ct
        );
        await Scene.S3.PutLifecycleConfigurationAsync(
            bucket.Name,
            new LifecycleConfiguration
            {
                Rules =
                [
                    new LifecycleRule
                    {
                        Id = "three",
                        Status = LifecycleRuleStatus.Enabled,
                        Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = "" } },
                        Expiration = new LifecycleRuleExpiration { Days = 3 },
                    },
                ],
            },
            Ct
        );
        await Scene.S3.PutBucketWebsiteAsync(
            bucket.Name,
            new WebsiteConfiguration { RedirectAllRequestsTo = new RoutingRuleRedirect { HostName = "example.com" } },
            Ct
        );
        string?[] refused =
        [
            (await change.SetPolicyAsync(Scene.Actor, bucket, seen.Policy.Value, "", Ct)).Reason,
            (await change.SetCorsAsync(Scene.Actor, bucket, seen.Cors.Value!, [], Ct)).Reason,
            (await change.SetLifecycleAsync(Scene.Actor, bucket, seen.Lifecycle.Value!, [], Ct)).Reason,
            (await change.SetWebsiteAsync(Scene.Actor, bucket, seen.Website.Value, "index.html", null, Ct)).Reason,
        ];
        Assert.All(refused, reason => Assert.StartsWith("It was changed elsewhere", reason, StringComparison.Ordinal));

        // Portal's own rule and the statements of keys come and go unasked: they are no change.
        await PortalCorsRule.EnsureAsync(bucket, "http://localhost:1", Ct);
        seen = await BucketSettings.ReadAsync(bucket, Ct);
        Assert.True(BucketPolicy.IsSame(policy, seen.Policy.Value));
        Assert.Null((await change.SetPolicyAsync(Scene.Actor, bucket, seen.Policy.Value, "", Ct)).Reason);
        Assert.Null((await change.SetCorsAsync(Scene.Actor, bucket, seen.Cors.Value!, [], Ct)).Reason);
        Assert.Null((await change.SetLifecycleAsync(Scene.Actor, bucket, seen.Lifecycle.Value!, [], Ct)).Reason);
        seen = await BucketSettings.ReadAsync(bucket, Ct);
        Assert.Equal((null, 1, 0), (seen.Policy.Value, seen.Cors.Value!.Count, seen.Lifecycle.Value!.Count));
    }

    [Fact]
    public async Task To_let_others_in_takes_a_fresh_proof_and_its_owner_hears_of_it()
    {
        var (change, now) = (Server.Services.GetRequiredService<ChangeBucketSettings>(), TimeProvider.System.GetUtcNow());
        await using var db = CreateDbContext();
        var session = new Session
        {
            Id = Guid.NewGuid(),
            UserId = Scene.Actor.UserId,
            AccountId = Scene.Actor.AccountId,
            CreatedAt = now,
            LastSeenAt = now,
            EndsAt = now.AddDays(1),
            ProvenAt = now,
        };
        db.Add(session);
        await db.SaveChangesAsync(Ct);
        var thief = Scene.Actor with { SessionId = session.Id };
        var owner = thief with { ProvenAt = now };
        var policy = PolicyExamples.Of(bucket.Name)[0].Text;
        Assert.Equal(
            (Credentials.NotProven, Credentials.NotProven),
            (
                (await change.MakePublicAsync(thief, bucket, true, Ct)).Reason,
                (await change.SetPolicyAsync(thief, bucket, null, policy, Ct)).Reason
            )
        );
        Assert.Null((await BucketSettings.ReadAsync(bucket, Ct)).Policy.Value);
        Assert.Null((await change.SetPolicyAsync(thief, bucket, null, PolicyExamples.Of(bucket.Name)[2].Text, Ct)).Reason);
        Assert.Empty(await db.Mails.ToListAsync(Ct));
        Assert.Null((await change.MakePublicAsync(owner, bucket, true, Ct)).Reason);
        Assert.Equal($"The bucket {bucket.Name} was opened to others for your Portal account", (await db.Mails.SingleAsync(Ct)).Subject);
        Assert.Null((await change.MakePublicAsync(thief, bucket, false, Ct)).Reason);
        Assert.Equal(1, await db.Mails.CountAsync(Ct));
    }

    [Fact]
    public async Task A_policy_that_S3_does_not_take_is_refused_with_a_sentence()
    {
        var change = Server.Services.GetRequiredService<ChangeBucketSettings>();
        var wrong = PolicyExamples
            .Of(bucket.Name)[0]
            .Text.Replace(bucket.Name, "somebody-elses", StringComparison.Ordinal)
            .Replace("s3:GetObject", "s3:FlyToTheMoon", StringComparison.Ordinal);
        Assert.NotNull((await change.SetPolicyAsync(Scene.Actor, bucket, null, wrong, Ct)).Reason);
        string? seen = null;
        foreach (var (name, text) in PolicyExamples.Of(bucket.Name))
        {
            Assert.True((await change.SetPolicyAsync(Scene.Actor, bucket, seen, text, Ct)).Reason is null, name);
            seen = text;
        }

        Assert.Null((await change.SetPolicyAsync(Scene.Actor, bucket, seen, "", Ct)).Reason);
        Assert.Null((await BucketSettings.ReadAsync(bucket, Ct)).Policy.Value);
    }

    [Fact]
    public void A_link_works_exactly_as_long_as_it_is_said_to()
    {
        foreach (var (life, label) in ObjectLinks.Lives)
        {
            var link = new Uri(ObjectLinks.Share(bucket, "a.txt", "text/plain", life));
            Assert.True(
                System.Web.HttpUtility.ParseQueryString(link.Query)["X-Amz-Expires"]
                    == life.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                $"{label}: {link.Query}"
            );
        }
    }

    [Theory]
    [InlineData("text/html", true)]
    [InlineData("image/svg+xml", true)]
    [InlineData("application/xhtml+xml", true)]
    [InlineData("text/xml", true)]
    [InlineData("application/pdf", true)]
    [InlineData("text/javascript", true)]
    [InlineData("Image/PNG", false)]
    [InlineData("text/plain; charset=utf-8", false)]
    public async Task A_shared_link_opens_nothing_that_a_browser_could_run_whatever_is_put_there_later(string type, bool isSaved)
    {
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "shown",
                ContentBody = "x",
                ContentType = type,
                UseChunkEncoding = false,
            },
            Ct
        );
        var made = await Server
            .Services.GetRequiredService<ShareObject>()
            .RunAsync(Scene.Actor, bucket, "shown", TimeSpan.FromHours(1), Ct);
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "shown",
                ContentBody = "<script>",
                ContentType = "text/html",
                UseChunkEncoding = false,
            },
            Ct
        );
        using var http = new HttpClient();
        using var got = await http.GetAsync(made.Value, Ct);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
        Assert.Equal(isSaved, got.Content.Headers.ContentDisposition?.DispositionType is "attachment");
        Assert.Equal(isSaved ? "text/html" : type, got.Content.Headers.ContentType?.ToString(), ignoreCase: true);
        using var preview = await http.GetAsync(ObjectLinks.View(bucket, "shown"), Ct);
        Assert.Equal("attachment", preview.Content.Headers.ContentDisposition?.DispositionType);
    }

    [Fact]
    public async Task What_is_gone_is_not_shared()
    {
        Assert.NotNull(
            (
                await Server.Services.GetRequiredService<ShareObject>().RunAsync(Scene.Actor, bucket, "gone", TimeSpan.FromHours(1), Ct)
            ).Reason
        );
        await using var db = CreateDbContext();
        Assert.False(await db.AuditEntries.AnyAsync(entry => entry.Action == "ShareObject", Ct));
    }

    private async Task<List<string>> KeysAsync(string prefix) =>
        [.. (await Ceph.Store.ListObjectsAsync(Scene.Key, bucket.Bucket.InStore(), prefix, null, 1000, Ct)).Objects.Select(one => one.Key)];

    private async Task PutAsync(params string[] keys)
    {
        foreach (var key in keys)
        {
            await Scene.S3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = bucket.Name,
                    Key = key,
                    ContentBody = key,
                    UseChunkEncoding = false,
                },
                Ct
            );
        }
    }

    private Task PutManyAsync(int count, string prefix) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
            async (number, ct) =>
                await Scene.S3.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = bucket.Name,
                        Key = string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:0000}"),
                        ContentBody = "",
                        UseChunkEncoding = false,
                    },
                    ct
                )
        );

    private async Task<string> TextAsync(string key)
    {
        using var found = await Scene.S3.GetObjectAsync(bucket.Name, key, Ct);
        using var reader = new StreamReader(found.ResponseStream);
        return await reader.ReadToEndAsync(Ct);
    }
}
