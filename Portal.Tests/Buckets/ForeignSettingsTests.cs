using System.Text.Json;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using Portal.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>
/// What customers can write into a bucket's settings with <c>aws</c>, boto3 or rclone and the store takes: each document is put on the real
/// store as it is, and then read by what the pages read with, and saved beside a rule of their own.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Needs", "database")]
public sealed class ForeignSettingsTests(TestPostgres postgres, TestCeph ceph) : BucketTests(postgres, ceph)
{
    private const string Days = "<Status>Enabled</Status><Expiration><Days>3</Days></Expiration>",
        Tag = "<Tag><Key>k</Key><Value>v</Value></Tag>",
        Origin = "<AllowedOrigin>https://a.example</AllowedOrigin>";

    /// <summary>A rule, and whether the form can say it.</summary>
    private static readonly (string Rule, bool IsOwn)[] LifecycleRules =
    [
        ($"<Filter><And><Prefix>p/</Prefix>{Tag}</And></Filter>{Days}", false),
        ($"<Filter><And><Prefix>p/</Prefix>{Tag}<Tag><Key>l</Key><Value>ü &amp; 日</Value></Tag></And></Filter>{Days}", false),
        ($"<Filter><And>{Tag}<Tag><Key>l</Key><Value></Value></Tag></And></Filter>{Days}", false),
        ($"<Filter>{Tag}</Filter>{Days}", false),
        ($"<Filter/>{Days}", true),
        ($"<Filter><Prefix>x &lt;ü</Prefix></Filter>{Days}", true),
        ($"<Prefix>old/</Prefix>{Days}", true),
        (
            "<Filter><Prefix>x</Prefix></Filter><Status>Disabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
            true
        ),
        ("<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>", false),
        (
            "<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
            false
        ),
        ("<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Expiration><Days>99999</Days></Expiration>", false),
        (
            "<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition>",
            false
        ),
        (
            "<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays><StorageClass>STANDARD</StorageClass></NoncurrentVersionTransition>",
            false
        ),
    ];

    private static readonly (string Rule, bool IsOwn)[] CorsRules =
    [
        ($"{Origin}<AllowedMethod>GET</AllowedMethod>", true),
        (
            $"<ID>ä b</ID>{Origin}<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>0</MaxAgeSeconds>",
            true
        ),
        ($"{Origin}<AllowedMethod>GET</AllowedMethod><AllowedMethod>COPY</AllowedMethod><MaxAgeSeconds>99999999</MaxAgeSeconds>", false),
        ("<AllowedOrigin>example.com</AllowedOrigin><AllowedOrigin>null</AllowedOrigin><AllowedMethod>GET</AllowedMethod>", false),
        ("<AllowedOrigin>https://a.example https://b.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>", false),
        ($"<ID>{PortalCorsRule.Id}</ID>{Origin}<AllowedMethod>GET</AllowedMethod>", true),
    ];

    private static readonly (string Document, bool IsOwn)[] Websites =
    [
        ("<IndexDocument><Suffix>i.html</Suffix></IndexDocument><ErrorDocument><Key>err/404.html</Key></ErrorDocument>", true),
        ("<RedirectAllRequestsTo><HostName>example.com</HostName></RedirectAllRequestsTo>", false),
        ("<IndexDocument><Suffix>a/index.html</Suffix></IndexDocument>", false),
        (
            "<IndexDocument><Suffix>i.html</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>d/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules>",
            false
        ),
    ];

    private RawS3 raw = null!;
    private OpenBucket bucket = null!;

    private ChangeBucketSettings Change => Server.Services.GetRequiredService<ChangeBucketSettings>();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        (raw, bucket) = (new RawS3(Ceph.Endpoint, Scene.Key), await Scene.OpenAsync(await Scene.AddBucketAsync()));
    }

    public override async ValueTask DisposeAsync()
    {
        bucket.Dispose();
        raw.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Whatever_rules_and_documents_another_tool_wrote_are_shown_and_kept_when_others_are_saved()
    {
        foreach (var (rule, isOwn) in LifecycleRules)
        {
            await WriteAsync("lifecycle", $"<LifecycleConfiguration><Rule><ID>theirs</ID>{rule}</Rule></LifecycleConfiguration>");
            var seen = (await ReadAsync(rule)).Lifecycle.Value!;
            var draft = LifecycleDraft.Of(Assert.Single(seen));
            Assert.True(draft.IsForeign != isOwn && draft.Check() is null, $"{rule}: {draft.Foreign}");
            Assert.Null(
                (
                    await Change.SetLifecycleAsync(
                        Scene.Actor,
                        bucket,
                        seen,
                        [draft.ToRule(), new LifecycleDraft { Prefix = "mine/", Expire = "5" }.ToRule()],
                        Ct
                    )
                ).Reason
            );
            var after = (await ReadAsync(rule)).Lifecycle.Value!;
            Assert.Equal(2, after.Count);
            Assert.True(LifecycleDraft.AreSame(seen, after.Where(kept => LifecycleDraft.Of(kept).Id == "theirs")), rule);
        }

        foreach (var (rule, isOwn) in CorsRules)
        {
            await WriteAsync("cors", $"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>");
            var seen = (await ReadAsync(rule)).Cors.Value!;
            var draft = CorsDraft.Of(Assert.Single(seen));
            Assert.True(draft.IsForeign != isOwn && draft.Check() is null, $"{rule}: {draft.Foreign}");
            await PortalCorsRule.EnsureAsync(bucket, "http://localhost:1", Ct);
            Assert.Null(
                (
                    await Change.SetCorsAsync(
                        Scene.Actor,
                        bucket,
                        seen,
                        [
                            draft.ToRule(),
                            new CorsDraft
                            {
                                Id = "mine",
                                Origins = "https://b.example",
                                Methods = { "GET" },
                            }.ToRule(),
                        ],
                        Ct
                    )
                ).Reason
            );
            var after = (await ReadAsync(rule)).Cors.Value!;
            Assert.Equal((3, true), (after.Count, PortalCorsRule.Is(after[0])));
            Assert.True(CorsDraft.AreSame(seen, after.Where(kept => CorsDraft.Of(kept).Id != "mine")), rule);
        }

        foreach (var (document, isOwn) in Websites)
        {
            await WriteAsync("website", $"<WebsiteConfiguration>{document}</WebsiteConfiguration>");
            var seen = (await ReadAsync(document)).Website.Value!;
            Assert.True(BucketWebsite.Of(seen).Foreign is null == isOwn, document);
            Assert.Null((await Change.SetWebsiteAsync(Scene.Actor, bucket, seen, null, null, Ct)).Reason);
        }
    }

    [Fact]
    public async Task Whatever_else_another_tool_wrote_hides_nothing_and_is_told_as_it_is()
    {
        const string Allow = """{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::*"}""";
        (string Policy, bool IsReadable, bool IsPublic)[] policies =
        [
            ($$"""{"Version":"2012-10-17","Statement":{{Allow}}}""", true, true),
            ($$"""{"Version":"2008-10-17","Id":"ä","Statement":[{{Allow}}]}""", true, true),
            ($$"""{"Statement":[{{Allow}}]}""", true, true),
            ("""{"Version":"2012-10-17",/* later */"Statement":[]}""", true, false),
            ($$"""{"Version":"2012-10-17","Statement":[{"Sid":"PortalKeyZ",{{Allow[1..]}}]}""", true, true),
            (
                """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam:::user/x"},"Action":"s3:G*","Resource":"arn:aws:s3:::*"}]}""",
                true,
                true
            ),
            (
                """{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","NotAction":["s3:Get*","s3:Put*","s3:Delete*","s3:List*"],"Resource":"arn:aws:s3:::*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}""",
                true,
                false
            ),
            (
                """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::*","Condition":{"StringEquals":{"aws:UserAgent":"a"},"StringEquals":{"aws:UserAgent":"b"}}}]}""",
                true,
                false
            ),
            ($$"""{"Version":"2012-10-17","Statement":[{"Sid":"\udc00",{{Allow[1..]}}]}""", false, false),
        ];
        await raw.PutAsync($"/{bucket.Name}/a.txt", "x");
        foreach (var (policy, isReadable, isPublic) in policies)
        {
            Assert.True((await raw.PutAsync($"/{bucket.Name}?policy=", policy)).IsDone, policy);
            var read = await BucketSettings.ReadAsync(bucket, Ct);
            Assert.True(isReadable == read.Policy.Reason is null, policy);
            Assert.True(
                ChangeBucketSettings.Editable(read.Policy.Value) is not null || policy.Contains("[]", StringComparison.Ordinal),
                policy
            );
            Assert.True(!isReadable || read.Public.Value!.IsOn == isPublic, policy);
            OthersAreShown(read, policy);
            Assert.NotNull(await ObjectView.LoadAsync(bucket, "a.txt", Ct));

            // It can be replaced by nothing, whatever it is, and the worker can say what it cannot do with it.
            if (!isReadable)
            {
                var stored = await Ceph.Store.EnsureBucketAsync(Scene.StoreUser, Scene.Key, bucket.Name, Ct);
                Assert.Equal(
                    EngineFault.Rejected,
                    (
                        await Assert.ThrowsAsync<EngineException>(() =>
                            Ceph.Store.EnsureGrantsAsync(Scene.Key, stored, [new("ak-01", Model.Buckets.KeyRights.ReadOnly)], Ct)
                        )
                    ).Fault
                );
            }

            Assert.Null(
                (await Change.SetPolicyAsync(Scene.Actor, bucket, ChangeBucketSettings.Editable(read.Policy.Value), "", Ct)).Reason
            );
        }

        await raw.DeleteAsync($"/{bucket.Name}?policy=");
        await WriteAsync("versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
        await WriteAsync(
            "tagging",
            "<Tagging><TagSet><Tag><Key>a</Key><Value>ü</Value></Tag><Tag><Key>b</Key><Value></Value></Tag></TagSet></Tagging>"
        );
        await WriteAsync("requestPayment", "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>");
        await AclAsync("READ", "WRITE");
        var told = await ReadAsync("an open ACL");
        Assert.Equal(
            (true, true, true, Amazon.S3.VersionStatus.Suspended),
            (told.Public.Value!.ByAcl, told.Public.Value.WritesByAcl, told.Public.Value.IsPaidByReaders, told.Versioning.Value)
        );
        await WriteAsync(
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>"
        );
        Assert.False((await ReadAsync("an ACL that does not count")).Public.Value!.ByAcl);
    }

    [Fact]
    public async Task What_the_bucket_s_own_policy_denies_to_read_says_so_and_hides_nothing_else()
    {
        await raw.PutAsync($"/{bucket.Name}/a.txt", "x");
        var actions = JsonSerializer.Serialize(
            (string[])["s3:GetLifecycleConfiguration", "s3:GetBucketAcl", "s3:GetObjectAcl", "s3:ListBucketVersions"]
        );
        Assert.True(
            (
                await raw.PutAsync(
                    $"/{bucket.Name}?policy=",
                    $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":{{actions}},"Resource":["arn:aws:s3:::{{bucket.Name}}","arn:aws:s3:::{{bucket.Name}}/*"]}]}"""
                )
            ).IsDone
        );
        var read = await BucketSettings.ReadAsync(bucket, Ct);
        Assert.All(
            (string?[])[read.Lifecycle.Reason, read.Public.Reason],
            reason => Assert.Contains("own rules do not allow this", reason, StringComparison.Ordinal)
        );
        Assert.Equal((null, null, null, null), (read.Cors.Reason, read.Website.Reason, read.Versioning.Reason, read.Policy.Reason));
        var shown = await ObjectView.LoadAsync(bucket, "a.txt", Ct);
        Assert.Equal((1L, null, 0), (shown!.Size, shown.IsPublic, shown.Versions.Count));
    }

    private static void OthersAreShown(BucketSettings read, string because)
    {
        string?[] hidden = [read.Lifecycle.Reason, read.Cors.Reason, read.Website.Reason, read.Versioning.Reason];
        Assert.True(Array.TrueForAll(hidden, reason => reason is null), $"{because}: {string.Join(' ', hidden)}");
    }

    private async Task<BucketSettings> ReadAsync(string because)
    {
        var read = await BucketSettings.ReadAsync(bucket, Ct);
        OthersAreShown(read, because);
        Assert.Null(read.Policy.Reason);
        Assert.Null(read.Public.Reason);
        return read;
    }

    private async Task WriteAsync(string name, string document)
    {
        var answer = await raw.PutAsync(
            $"/{bucket.Name}?{name}=",
            S3Xml.ForS3(XElement.Parse(document)).ToString(SaveOptions.DisableFormatting)
        );
        Assert.True(answer.IsDone, $"The store does not take {document}: {answer.Body}");
    }

    private async Task AclAsync(params string[] permissions)
    {
        const string Xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
        var everybody = string.Concat(
            permissions.Select(permission =>
                $"<Grant><Grantee {Xsi} xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>{permission}</Permission></Grant>"
            )
        );
        var answer = await raw.PutAsync(
            $"/{bucket.Name}?acl=",
            $"""
            <AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>{Scene.StoreUser}</ID></Owner><AccessControlList>{everybody}
            <Grant><Grantee {Xsi} xsi:type="CanonicalUser"><ID>{Scene.StoreUser}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>
            """
        );
        Assert.True(answer.IsDone, answer.Body);
    }
}
