using System.IO.Enumeration;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>
/// Whether everybody may read a bucket's objects, and the switch for it: one statement of the bucket's policy, which other tools see and
/// may remove. What else the policy and the ACL allow is told and left alone.
/// </summary>
/// <param name="BySwitch">By the statement that the switch writes.</param>
/// <param name="ByPolicy">By another statement.</param>
/// <param name="ByAcl">By the bucket's ACL, which lets everybody list it too.</param>
public sealed record PublicRead(bool BySwitch, bool ByPolicy, bool ByAcl)
{
    public const string Sid = "PublicRead";

    /// <summary>How ACLs call everybody.</summary>
    internal const string Everybody = ObjectCopy.Everybody;

    private const string Reading = "s3:GetObject";

    /// <summary>Names that nobody gives: what matches both of them matches every name.</summary>
    private static readonly string[] AnyName = ["\uFFFE", "\uFFFE/\uFFFF.x"];

    public bool IsOn => BySwitch || ByPolicy || ByAcl;

    /// <summary>The ACL lets everybody put something into it.</summary>
    public bool WritesByAcl { get; private init; }

    /// <summary>No ACL lets everybody in, neither the bucket's nor an object's.</summary>
    public bool IgnoresAcls { get; private init; }

    /// <summary>The policy or the ACL lets others do something: some people, some objects, under conditions.</summary>
    public bool LetsOthers { get; private init; }

    /// <summary>A statement of the policy denies something.</summary>
    public bool Denies { get; private init; }

    /// <summary>Whoever reads has to sign in and to pay.</summary>
    public bool IsPaidByReaders { get; private init; }

    /// <param name="policy">All of it.</param>
    /// <param name="block">The bucket's <c>publicAccessBlock</c>.</param>
    /// <param name="payment">Its <c>requestPayment</c>.</param>
    public static PublicRead Of(string? policy, GetBucketAclResponse? acl, XElement? block, XElement? payment, string bucket)
    {
        var (all, allowing) = (
            Statements(policy).ToList(),
            Statements(policy).Where(statement => Effect(statement) is "Allow" && !BucketPolicy.IsPortals(statement)).ToList()
        );
        var open = allowing.Where(statement => AnyName.All(name => Opens(statement, "Allow", bucket, name))).ToList();
        var ignoresAcl = block?.Element("IgnorePublicAcls")?.Value is "true";
        var grants = (acl?.Grants ?? []).Where(grant => !ignoresAcl || grant.Grantee?.URI is null).ToList();
        return new PublicRead(
            open.Exists(IsSwitch),
            open.Exists(statement => !IsSwitch(statement)),
            grants.Exists(grant => IsForEverybody(grant) && Lets(grant, S3Permission.READ))
        )
        {
            IgnoresAcls = ignoresAcl,
            WritesByAcl = grants.Exists(grant => IsForEverybody(grant) && Lets(grant, S3Permission.WRITE)),
            LetsOthers =
                allowing.Except(open).Any()
                || grants.Exists(grant =>
                    !IsForEverybody(grant) && (acl?.Owner?.Id is not { } owner || grant.Grantee?.CanonicalUser != owner)
                ),
            Denies = all.Exists(statement => Effect(statement) is "Deny"),
            IsPaidByReaders = payment?.Element("Payer")?.Value is "Requester",
        };
    }

    /// <summary>Whether everybody may read this one object, by the policy: null where it depends, on who asks or from where.</summary>
    public static bool? MayRead(string? policy, string bucket, string key)
    {
        var about = Statements(policy).Where(statement => !BucketPolicy.IsPortals(statement)).ToList();
        return about.Exists(statement => Opens(statement, "Deny", bucket, key)) ? false
            : about.Exists(statement => Effect(statement) is "Deny" && Concerns(statement, bucket, key)) ? null
            : about.Exists(statement => Opens(statement, "Allow", bucket, key)) ? true
            : about.Exists(statement => Effect(statement) is "Allow" && Concerns(statement, bucket, key)) ? null
            : false;
    }

    /// <summary>The policy with the switch on or off; null if nothing is left of it.</summary>
    public static string? With(string? policy, string bucket, bool on)
    {
        JsonNode[] kept = [.. Statements(policy).Where(statement => !IsSwitch(statement)).Select(statement => statement.DeepClone())];
        JsonNode[] all = on ? [.. kept, Statement(bucket)] : kept;
        var document = policy is null ? new JsonObject { ["Version"] = "2012-10-17" } : (JsonObject)BucketPolicy.Parse(policy)!.DeepClone();
        document["Statement"] = new JsonArray(all);
        return all.Length == 0 ? null : document.ToJsonString();
    }

    private static JsonObject Statement(string bucket) =>
        new()
        {
            ["Sid"] = Sid,
            ["Effect"] = "Allow",
            ["Principal"] = "*",
            ["Action"] = new JsonArray(Reading),
            ["Resource"] = new JsonArray($"arn:aws:s3:::{bucket}/*"),
        };

    private static IEnumerable<JsonObject> Statements(string? policy) =>
        policy is not null && BucketPolicy.Parse(policy) is JsonObject document ? PolicyStatements.Of(document).OfType<JsonObject>() : [];

    private static bool IsSwitch(JsonObject statement) => statement["Sid"] is JsonValue sid && sid.ToString() == Sid;

    private static string? Effect(JsonObject statement) => statement["Effect"]?.ToString();

    private static bool IsForEverybody(S3Grant grant) => grant.Grantee?.URI == Everybody;

    private static bool Lets(S3Grant grant, S3Permission what) => grant.Permission == what || grant.Permission == S3Permission.FULL_CONTROL;

    /// <summary>Whether the statement says it of everybody and of this object, without a condition.</summary>
    private static bool Opens(JsonObject statement, string effect, string bucket, string key) =>
        (
            PolicyStatements.IsForEverybody(statement, effect)
            || (
                effect is "Allow"
                && Effect(statement) is "Allow"
                && statement.ContainsKey("NotPrincipal")
                && PolicyStatements.IsUnconditional(statement)
            )
        ) && Concerns(statement, bucket, key);

    /// <summary>Whether it speaks of reading this object, to anybody.</summary>
    private static bool Concerns(JsonObject statement, string bucket, string key) =>
        Names(statement, "Action", Reading, ignoreCase: true)
        && Names(statement, "Resource", $"arn:aws:s3:::{bucket}/{key}", ignoreCase: false);

    private static bool Names(JsonObject statement, string part, string what, bool ignoreCase)
    {
        bool Matches(string name) =>
            PolicyStatements.Texts(statement[name]).Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, what, ignoreCase));
        return statement.ContainsKey(part) ? Matches(part) : statement.ContainsKey("Not" + part) && !Matches("Not" + part);
    }
}
