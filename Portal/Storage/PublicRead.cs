using System.Text.Json.Nodes;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Storage;

namespace Portal.Storage;

/// <summary>
/// Whether everybody may read a bucket's objects, and the switch for it: one statement of the bucket's policy, which other tools see and may
/// remove. What else the policy and the ACL allow is told and left alone.
/// </summary>
/// <param name="BySwitch">By the statement that the switch writes.</param>
/// <param name="ByPolicy">By another statement of the owner's.</param>
/// <param name="ListsByAcl">The bucket's ACL lets everybody list it.</param>
public sealed record PublicRead(bool BySwitch, bool ByPolicy, bool ListsByAcl)
{
    public const string Sid = "PublicRead";

    /// <summary>How ACLs call everybody.</summary>
    internal const string Everybody = "http://acs.amazonaws.com/groups/global/AllUsers";

    public bool IsOn => BySwitch || ByPolicy;

    public static PublicRead Of(string? policy, S3AccessControlList? acl, string bucket)
    {
        var open = Statements(policy).Where(statement => Opens(statement, bucket)).ToList();
        return new PublicRead(
            open.Exists(IsSwitch), open.Exists(statement => !IsSwitch(statement)),
            (acl?.Grants ?? []).Exists(grant => grant.Grantee?.URI == Everybody && (grant.Permission == S3Permission.READ || grant.Permission == S3Permission.FULL_CONTROL)));
    }

    /// <summary>The policy with the switch on or off; null if nothing is left of it.</summary>
    public static string? With(string? policy, string bucket, bool on)
    {
        JsonNode[] kept = [.. Statements(policy).Where(statement => !IsSwitch(statement)).Select(statement => statement.DeepClone())];
        JsonNode[] all = on ? [.. kept, Statement(bucket)] : kept;
        var document = policy is null ? new JsonObject { ["Version"] = "2012-10-17" } : (JsonObject)JsonNode.Parse(policy)!.DeepClone();
        document["Statement"] = new JsonArray(all);
        return all.Length == 0 ? null : document.ToJsonString();
    }

    private static JsonObject Statement(string bucket) => new()
    {
        ["Sid"] = Sid,
        ["Effect"] = "Allow",
        ["Principal"] = "*",
        ["Action"] = new JsonArray("s3:GetObject"),
        ["Resource"] = new JsonArray($"arn:aws:s3:::{bucket}/*"),
    };

    private static IEnumerable<JsonObject> Statements(string? policy) => policy is not null && JsonNode.Parse(policy) is JsonObject document ? PolicyStatements.Of(document).OfType<JsonObject>() : [];

    private static bool IsSwitch(JsonObject statement) => statement["Sid"] is JsonValue sid && sid.ToString() == Sid;

    /// <summary>Whether the statement lets everybody read every object, without a condition.</summary>
    private static bool Opens(JsonObject statement, string bucket) =>
        PolicyStatements.IsForEverybody(statement, "Allow")
        && PolicyStatements.Texts(statement["Action"]).Any(action => action is "*" or "s3:*" or "s3:GetObject" or "s3:Get*")
        && PolicyStatements.Texts(statement["Resource"]).Any(resource => resource == "*" || resource == $"arn:aws:s3:::{bucket}/*" || resource == $"arn:aws:s3:::{bucket}*");
}
