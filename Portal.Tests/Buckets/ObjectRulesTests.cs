using System.Xml.Linq;
using Portal.Buckets;
using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>What the bucket pages know without asking anybody: names, rules while they are edited, who may read.</summary>
public sealed class ObjectRulesTests
{
    [Theory]
    [InlineData("a b.txt")]
    [InlineData("ü/日本語/😀.txt")]
    [InlineData("a+b %2F #?&.txt")]
    [InlineData("back\\slash")]
    [InlineData("a//b")]
    [InlineData(".hidden")]
    [InlineData("...")]
    [InlineData("replaced \uFFFD")]
    public void A_name_that_every_tool_can_reach_is_taken(string key) => Assert.Null(ObjectKey.Check(key).Reason);

    [Theory]
    [InlineData("")]
    [InlineData("/leading")]
    [InlineData("a/./b")]
    [InlineData("..")]
    [InlineData("tab\there")]
    public void A_name_that_could_not_be_reached_again_is_refused(string key) => Assert.NotNull(ObjectKey.Check(key).Reason);

    // Not as data of the test above: its discovery would make a valid character of it.
    [Fact]
    public void Half_a_character_is_no_name() => Assert.NotNull(ObjectKey.Check("broken \ud83d").Reason);

    [Fact]
    public void A_name_has_1024_bytes_and_not_one_more()
    {
        Assert.Null(ObjectKey.Check(new string('é', 512)).Reason);
        Assert.Contains("1025 bytes", ObjectKey.Check(new string('é', 512) + "a").Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b/c.txt", "c.txt", "a/b/")]
    [InlineData("a/b/", "b", "a/")]
    [InlineData("c.txt", "c.txt", "")]
    [InlineData("b/", "b", "")]
    public void A_key_has_a_name_and_a_folder(string key, string name, string folder) =>
        Assert.Equal((name, folder), (ObjectKey.NameOf(key), ObjectKey.FolderOf(key)));

    [Fact]
    public void Crumbs_lead_through_every_folder_also_one_without_a_name() =>
        Assert.Equal([("a", "a/"), ("(no name)", "a//"), ("b c", "a//b c/")], BucketUrl.Crumbs("a//b c/"));

    [Fact]
    public void A_selection_means_files_folders_or_all_but_some_and_as_many_names_as_a_row_holds()
    {
        var some = ObjectSelection.Of("a/", "b", "c/d");
        Assert.Equal([true, true, true, false, false, true], new[] { "a/", "a/x", "b", "bb", "c/", "c/d" }.Select(some.Covers));
        Assert.Equal((3, null, "a/", null), (some.Places, some.Known, some.PrefixOf(0), some.PrefixOf(1)));
        Assert.Equal(2, ObjectSelection.Of("b", "c/d").Known);
        var all = ObjectSelection.All("a", ["a/x/", "ab"]);
        Assert.Equal([true, true, false, false, true, false], new[] { "a", "a/x", "a/x/y", "ab", "abc", "b" }.Select(all.Covers));
        Assert.Equal((1, null, "a"), (all.Places, all.Known, all.PrefixOf(0)));
        string[] names = [.. Enumerable.Range(0, 1001).Select(number => $"{number}")];
        Assert.Null(ObjectSelection.Of(names[1..]).WhyNotTaken);
        Assert.StartsWith("At most 1,000 names", ObjectSelection.Of(names).WhyNotTaken?.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/", "", "a/b/", "A folder cannot be moved into itself.")]
    [InlineData("a/b", "a/", "a/", "It is there already.")]
    [InlineData("a/b", "c/", "d/", "It is not in that folder.")]
    [InlineData("a/b", "a/", "/", "A name cannot begin with a slash: many tools could not reach it.")]
    [InlineData("a/b", "a/", "", null)]
    [InlineData("a/", "", "c/", null)]
    public void A_move_says_why_it_cannot_be(string name, string from, string to, string? reason) =>
        Assert.Equal(reason, ObjectSelection.Of(name).WhyNotMove(new ObjectMove(from, to))?.Sentence);

    [Fact]
    public void Keys_are_ordered_as_S3_orders_them()
    {
        string[] keys = ["a", "a/b", "ab", "z", "\uFFFD", "😀"];
        Assert.Equal(keys, keys.Reverse().Order(KeyOrder.Instance));
    }

    [Fact]
    public void Parts_are_as_many_as_S3_takes_however_large_the_file()
    {
        Assert.Equal(8 << 20, Uploads.PartSize(100 << 20));
        var size = Uploads.PartSize(5L << 40);
        Assert.InRange((5L << 40) / size, 9000, 9999);
        Assert.True(size <= 5L << 30);
    }

    [Fact]
    public void Public_read_is_one_statement_that_comes_and_goes_beside_the_others()
    {
        const string Own =
            """{"Version":"2012-10-17","Statement":{"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}}""";
        var on = PublicRead.With(Own, "b", on: true);
        Assert.Equal((true, false), (PublicRead.Of(on, null, null, null, "b").BySwitch, PublicRead.Of(on, null, null, null, "b").ByPolicy));
        var off = PublicRead.With(on, "b", on: false);
        Assert.False(PublicRead.Of(off, null, null, null, "b").IsOn);
        Assert.Contains("Mine", off, StringComparison.Ordinal);
        Assert.Null(PublicRead.With(PublicRead.With(null, "b", on: true), "b", on: false));
    }

    [Theory]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}""", true)]
    [InlineData(
        """{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:ListBucket","s3:*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}""",
        true
    )]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"}""", false)]
    [InlineData(
        """{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/x"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}""",
        false
    )]
    [InlineData(
        """{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}""",
        false
    )]
    [InlineData("""{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}""", false)]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:getobject","Resource":"arn:aws:s3:::?/*"}""", true)]
    [InlineData("""{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam:::user/x"},"Action":"s3:G*","Resource":"arn:aws:s3:::*"}""", true)]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","NotResource":"arn:aws:s3:::c/*","Condition":{}}""", true)]
    [InlineData(
        """{"Sid":"PortalKeyX","Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/ak-1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}""",
        false
    )]
    public void A_statement_of_the_owners_may_make_it_public_too(string statement, bool opens) =>
        Assert.Equal(opens, PublicRead.Of($$"""{"Version":"2012-10-17","Statement":[{{statement}}]}""", null, null, null, "b").ByPolicy);

    [Theory]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"}""", "public/a", true)]
    [InlineData("""{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"}""", "private/a", false)]
    [InlineData(
        """{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/private/*"}""",
        "private/a",
        false
    )]
    [InlineData(
        """{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}""",
        "a",
        null
    )]
    public void Whether_everybody_may_read_one_object_is_told_of_that_object(string statements, string key, bool? may) =>
        Assert.Equal(may, PublicRead.MayRead($$"""{"Version":"2012-10-17","Statement":[{{statements}}]}""", "b", key));

    [Fact]
    public void Whether_a_page_may_upload_is_told_by_the_first_rule_for_its_origin_as_Ceph_reads_them()
    {
        const string Page = "https://portal.example.com";
        var star = new CorsDraft { Origins = "*", Methods = { "GET" } }.ToRule();
        var ours = new CorsDraft
        {
            Id = PortalCorsRule.Id,
            Origins = Page,
            Methods = { "GET", "PUT", "HEAD" },
            Headers = "*",
        }.ToRule();
        Assert.True(PortalCorsRule.MayUpload([ours, star], Page));
        Assert.False(PortalCorsRule.MayUpload([star, ours], Page));
        Assert.False(PortalCorsRule.MayUpload([ours], "https://other.example.com"));
        Assert.True(
            PortalCorsRule.MayUpload(
                [
                    new CorsDraft
                    {
                        Origins = "https://*.example.com",
                        Methods = { "PUT", "GET", "HEAD" },
                        Headers = "*",
                    }.ToRule(),
                ],
                Page
            )
        );
        Assert.True(PortalCorsRule.Is(ours));
        Assert.False(
            PortalCorsRule.Is(
                new CorsDraft
                {
                    Id = PortalCorsRule.Id,
                    Origins = Page,
                    Methods = { "GET" },
                }.ToRule()
            )
        );
    }

    [Theory]
    [InlineData("https://example.com http://localhost:3000", null)]
    [InlineData("*", null)]
    [InlineData("https://*.example.com", null)]
    [InlineData("", "origin")]
    [InlineData("https://example.com/", "is not an origin")]
    [InlineData("*.example.com http://localhost:*", null)]
    [InlineData("example.com", "is not an origin")]
    [InlineData("https://", "is not an origin")]
    [InlineData("https://*.*.example.com", "is not an origin")]
    [InlineData("https://example.com:99999", "is not an origin")]
    [InlineData("https://ada@example.com", "is not an origin")]
    [InlineData("https://example.com?a=b", "is not an origin")]
    [InlineData("javascript:alert(*)", "is not an origin")]
    [InlineData("ftp://*.example.com", "is not an origin")]
    public void An_origin_is_a_scheme_and_a_host(string origins, string? problem)
    {
        var draft = new CorsDraft { Origins = origins };
        draft.Methods.Add("GET");
        Assert.True(
            problem is null ? draft.Check() is null : draft.Check()?.Contains(problem, StringComparison.Ordinal) is true,
            draft.Check()
        );
    }

    [Theory]
    [InlineData("Content-Type x-amz-* *", null)]
    [InlineData("Content-Type:", "“Content-Type:” is not the name of a header.")]
    [InlineData("x-ü", "“x-ü” is not the name of a header.")]
    public void A_header_of_a_CORS_rule_has_a_name_that_one_can_have(string headers, string? problem)
    {
        var draft = new CorsDraft { Origins = "*", Headers = headers };
        draft.Methods.Add("GET");
        Assert.Equal(problem, draft.Check());
    }

    [Theory]
    [InlineData(
        "<Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Expiration><Days>3</Days></Expiration>",
        true
    )]
    [InlineData("<Filter><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Expiration><Days>3</Days></Expiration>", true)]
    [InlineData(
        "<Filter><Prefix>p/</Prefix><And><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value>w</Value></Tag></And></Filter><Expiration><Days>3</Days></Expiration>",
        true
    )]
    [InlineData("<Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter><Expiration><Days>3</Days></Expiration>", true)]
    [InlineData("<Filter><Prefix/></Filter><Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition>", true)]
    [InlineData("<Filter><Prefix/></Filter><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>", true)]
    [InlineData("<Filter><Prefix/></Filter><Expiration><Days>99999</Days></Expiration>", true)]
    [InlineData(
        "<Filter><Prefix/></Filter><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>4</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        true
    )]
    [InlineData("<Filter><Prefix/></Filter><NotYetInvented><Days>3</Days></NotYetInvented>", true)]
    [InlineData("<Filter/><Expiration><Days>3</Days></Expiration>", false)]
    [InlineData("<Prefix>old/</Prefix><Expiration><Days>3</Days></Expiration>", false)]
    [InlineData(
        "<Filter><Prefix>p/</Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        false
    )]
    public void A_lifecycle_rule_that_the_form_cannot_say_is_kept_as_it_is(string said, bool isForeign)
    {
        var rule = XElement.Parse(
            $"<Rule xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ID>a</ID><Status>Enabled</Status>{said}</Rule>"
        );
        var draft = LifecycleDraft.Of(rule);
        Assert.Equal((isForeign, isForeign), (draft.IsForeign, draft.Foreign is not null));
        Assert.Null(draft.Check());
        Assert.True(LifecycleDraft.AreSame([rule], [draft.ToRule()]));
    }

    [Theory]
    [InlineData("<AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>COPY</AllowedMethod>", true)]
    [InlineData("<AllowedOrigin>a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>", true)]
    [InlineData("<AllowedOrigin>https://a.example https://b.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>", true)]
    [InlineData("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>99999999</MaxAgeSeconds>", true)]
    [InlineData("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>0</MaxAgeSeconds>", false)]
    public void A_CORS_rule_that_the_form_cannot_say_is_kept_as_it_is(string said, bool isForeign)
    {
        var rule = XElement.Parse($"<CORSRule>{said}</CORSRule>");
        var draft = CorsDraft.Of(rule);
        Assert.Equal(isForeign, draft.IsForeign);
        Assert.Null(draft.Check());
        Assert.True(CorsDraft.AreSame([rule], [draft.ToRule()]));
    }

    [Theory]
    [InlineData("", "", "", "at least one thing")]
    [InlineData("0", "", "", "Days are a number")]
    [InlineData("x", "", "", "Days are a number")]
    [InlineData("30", "", "7", null)]
    public void A_lifecycle_rule_says_after_how_many_days(string expire, string older, string abort, string? problem)
    {
        var draft = new LifecycleDraft
        {
            Expire = expire,
            ExpireOlder = older,
            Abort = abort,
        };
        Assert.True(
            problem is null ? draft.Check() is null : draft.Check()?.Contains(problem, StringComparison.Ordinal) is true,
            draft.Check()
        );
    }

    [Theory]
    [InlineData("text/plain; charset=utf-8", "colour=red\nsize=10", null)]
    [InlineData("nonsense", "", "content type")]
    [InlineData("text/plain", "no value", "name=value")]
    [InlineData("text/plain", "a=1\nA=2", "twice")]
    [InlineData("text/plain", "a=ü", "ASCII")]
    public void Headers_are_checked_before_they_are_sent(string type, string metadata, string? problem)
    {
        var draft = new HeadersDraft { ContentType = type, Metadata = metadata };
        Assert.True(
            problem is null ? draft.Check() is null : draft.Check()?.Contains(problem, StringComparison.Ordinal) is true,
            draft.Check()
        );
    }

    [Theory]
    [InlineData("a/b.txt", "a/b.txt")]
    [InlineData("it's $HOME", "'it'\\''s $HOME'")]
    public void What_goes_into_a_shell_is_one_word(string word, string quoted) => Assert.Equal(quoted, ConnectSnippets.Quote(word));

    [Theory]
    [InlineData("a.png", "image/png", PreviewKind.Picture)]
    [InlineData("a.svg", "image/svg+xml", PreviewKind.Picture)]
    [InlineData("a.html", "text/html", PreviewKind.Text)]
    [InlineData("a.md", "binary/octet-stream", PreviewKind.Text)]
    [InlineData("a.zip", "application/zip", PreviewKind.None)]
    [InlineData("/a.png", "image/png", PreviewKind.None)]
    public void A_preview_is_a_picture_or_text_and_html_is_text(string key, string type, PreviewKind kind) =>
        Assert.Equal(kind, ObjectView.KindOf(key, new ObjectHeaders { ContentType = type }, 100));
}
