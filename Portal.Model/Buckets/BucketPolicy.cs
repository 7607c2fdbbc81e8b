using System.IO.Enumeration;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// A bucket's policy holds what its owner wrote and, told apart by their <c>Sid</c>, the statements by which limited access keys may reach
/// it. Whoever writes the one must keep the other: the pages show and take the owner's part, the worker the keys'.
/// </summary>
public static class BucketPolicy
{
    /// <summary>S3's limit, in bytes.</summary>
    public const int MaxBytes = 20 * 1024;

    /// <summary>
    /// With what the <c>Sid</c> of Portal's own statements begins; the key's id without its hyphen follows, since a Sid is alphanumeric.
    /// </summary>
    public const string SidPrefix = "PortalKey";

    private const string Unreadable = "It holds half of a character, or another text that cannot be read.";
    private const string Version = "2012-10-17";
    private const string UserPrefix = "arn:aws:iam:::user/";

    private static readonly string[] Reading =
    [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectTagging",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:GetBucketLocation",
    ];

    private static readonly string[] Writing =
    [
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:ListBucketMultipartUploads",
    ];

    private static readonly string[] StatementNames = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"];

    private static readonly string[] KeepingPolicies = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];

    // What goes to the store is no HTML: a plus or an apostrophe stays readable.
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // Of two values of one name, who reads which is anybody's guess.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // RADOS Gateway takes comments, and keeps them.
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip };

    /// <summary>A policy as the store holds it, which may be more than JSON: see <see cref="IsReadable"/>.</summary>
    public static JsonNode? Parse(string policy) => JsonNode.Parse(policy, documentOptions: Lenient);

    /// <summary>
    /// Whether its statements can be told apart. Stores take what no reader of JSON does: half of a character, a name that stands twice.
    /// Whoever keeps such a policy keeps it, but nothing can be put beside it.
    /// </summary>
    public static bool IsReadable(string policy)
    {
        try
        {
            return Parse(policy) is JsonObject document
                && PolicyStatements.Of(document).All(CanBeRead)
                && document["Version"]?.ToString() is not ""
                && OwnersPart(policy) is not "";
        }
        catch (Exception unreadable) when (unreadable is JsonException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The owner's own part, indented; null if he wrote none.</summary>
    public static string? OwnersPart(string? policy)
    {
        if (string.IsNullOrWhiteSpace(policy) || Parse(policy) is not JsonObject document)
        {
            return null;
        }

        var own = PolicyStatements
            .Of(document)
            .Where(statement => !IsPortals(statement))
            .Select(statement => statement.DeepClone())
            .ToArray();
        return own.Length == 0 ? null : With(document, own).ToJsonString(Json);
    }

    /// <summary>The owner's part of one policy with Portal's part of another; null if neither has any statement.</summary>
    public static string? WithPortalsPartOf(string? owners, string? current) => Join(owners, PortalsPart(current));

    /// <summary>The owner's part of a policy, and these grants; null if there is neither.</summary>
    public static string? WithGrants(string? current, string bucket, IEnumerable<BucketGrant> grants) =>
        Join(
            OwnersPart(current),
            [.. grants.OrderBy(grant => grant.UserId, StringComparer.Ordinal).Select(grant => Statement(bucket, grant))]
        );

    /// <summary>
    /// Whether one policy lets somebody else than <paramref name="own"/> users of the store do what the other does not: by a statement that
    /// is new, or since one that denied something is gone.
    /// </summary>
    /// <param name="after">Has to be readable.</param>
    public static bool LetsInMore(string? before, string? after, IReadOnlyCollection<string> own)
    {
        var (former, wanted) = (StatementsOf(before), StatementsOf(after));
        var letting = wanted.Where(statement => LetsInOthers(statement, own)).ToList();
        return letting.Exists(statement => !IsAmong(former, statement))
            || (letting.Count > 0 && former.Exists(statement => statement["Effect"]?.ToString() is "Deny" && !IsAmong(wanted, statement)));

        static bool IsAmong(List<JsonObject> statements, JsonObject one) =>
            statements.Exists(other => IsSame(other.ToJsonString(), one.ToJsonString()));
    }

    /// <summary>They say the same, however they are laid out.</summary>
    public static bool IsSame(string? one, string? other)
    {
        if (string.IsNullOrWhiteSpace(one) || string.IsNullOrWhiteSpace(other))
        {
            return string.IsNullOrWhiteSpace(one) == string.IsNullOrWhiteSpace(other);
        }

        if (one == other)
        {
            return true;
        }

        // Not by nodes: those cannot hold a name twice, as a condition set with another tool may.
        using var first = JsonDocument.Parse(one, Lenient);
        using var second = JsonDocument.Parse(other, Lenient);
        return JsonElement.DeepEquals(first.RootElement, second.RootElement);
    }

    /// <summary>Says what is wrong with what somebody typed; the store has the last word.</summary>
    public static Outcome Check(string text)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            return Refusal.Invalid($"A policy has at most {MaxBytes:N0} bytes.");
        }

        try
        {
            return JsonNode.Parse(text, documentOptions: Strict) switch
            {
                not JsonObject => Refusal.Invalid("A policy is one JSON object: { … }."),
                _ when !IsReadable(text) => Refusal.Invalid(Unreadable),
                JsonObject document when document["Version"]?.ToString() is not Version => Refusal.Invalid(
                    $"It needs \"Version\": \"{Version}\"."
                ),
                JsonObject document when document["Statement"] is not (JsonArray { Count: > 0 } or JsonObject) => Refusal.Invalid(
                    "It needs \"Statement\": a list of at least one."
                ),
                JsonObject document => PolicyStatements.Of(document).Select(WhyNot).FirstOrDefault(reason => reason is not null)
                    is { } reason
                    ? Refusal.Invalid(reason)
                    : Outcome.Done,
            };
        }
        catch (JsonException error)
        {
            return Refusal.Invalid(
                error.LineNumber is { } line
                    ? $"This is not JSON: line {line + 1}, column {error.BytePositionInLine + 1}."
                    : "This is not JSON: a name stands twice in one object."
            );
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or InvalidOperationException)
        {
            return Refusal.Invalid(Unreadable);
        }
    }

    /// <summary>Looks at all that is ever looked at; throws where it cannot.</summary>
    private static bool CanBeRead(JsonNode node) =>
        node is not JsonObject statement
        || (
            StatementNames.SelectMany(name => PolicyStatements.Texts(statement[name])).All(text => text is not null)
            && (
                PolicyStatements.IsForEverybody(statement, "Allow"),
                PolicyStatements.IsForEverybody(statement, "Deny"),
                IsPortals(statement)
            )
                is not
                (true, true, _)
        );

    private static string? WhyNot(JsonNode? node) =>
        node switch
        {
            not JsonObject => "A statement is a JSON object: { … }.",
            JsonObject statement when statement["Effect"]?.ToString() is not ("Allow" or "Deny") =>
                "A statement needs \"Effect\": \"Allow\" or \"Deny\".",
            JsonObject statement when !statement.ContainsKey("Principal") && !statement.ContainsKey("NotPrincipal") =>
                "A statement needs \"Principal\": whom it is about. Everybody is \"*\".",
            JsonObject statement when !statement.ContainsKey("Action") && !statement.ContainsKey("NotAction") =>
                "A statement needs \"Action\", e.g. \"s3:GetObject\".",
            JsonObject statement when !statement.ContainsKey("Resource") && !statement.ContainsKey("NotResource") =>
                "A statement needs \"Resource\", e.g. \"arn:aws:s3:::BUCKET/*\".",
            JsonObject statement when ShutsOut(statement) =>
                "This would shut out you and Portal as well: nobody could change the policy again. Name the actions to deny without s3:PutBucketPolicy and s3:DeleteBucketPolicy, or only objects: \"arn:aws:s3:::BUCKET/*\".",
            JsonObject statement when HasPortalsName(statement) => $"A \"Sid\" that begins with {SidPrefix} is Portal's own.",
            _ => null,
        };

    /// <summary>At Amazon the account's root may always change a policy. RADOS Gateway denies it to the owner too.</summary>
    private static bool ShutsOut(JsonObject statement) =>
        PolicyStatements.IsForEverybody(statement, "Deny")
        && PolicyStatements
            .Texts(statement["Action"])
            .Any(action => KeepingPolicies.Any(keeping => FileSystemName.MatchesSimpleExpression(action, keeping)))
        && PolicyStatements.Texts(statement["Resource"]).Any(resource => !resource.Contains('/', StringComparison.Ordinal));

    /// <summary>None of what cannot be read.</summary>
    private static List<JsonObject> StatementsOf(string? policy) =>
        !string.IsNullOrWhiteSpace(policy) && IsReadable(policy) && Parse(policy) is JsonObject document
            ? [.. PolicyStatements.Of(document).OfType<JsonObject>()]
            : [];

    /// <summary>Whatever is written otherwise than the owner's users are is taken for somebody else.</summary>
    private static bool LetsInOthers(JsonObject statement, IReadOnlyCollection<string> own) =>
        statement["Effect"]?.ToString() is "Allow"
        && !(
            !statement.ContainsKey("NotPrincipal")
            && statement["Principal"] is JsonObject { Count: 1 } principal
            && principal["AWS"] is { } users
            && PolicyStatements
                .Texts(users)
                .All(user =>
                    user.StartsWith(UserPrefix, StringComparison.Ordinal) && own.Contains(user[UserPrefix.Length..], StringComparer.Ordinal)
                )
        );

    private static JsonNode[] PortalsPart(string? policy) =>
        [.. StatementsOf(policy).Where(IsPortals).Select(statement => statement.DeepClone())];

    private static string? Join(string? owners, JsonNode[] portals)
    {
        var document = string.IsNullOrWhiteSpace(owners) ? new JsonObject { ["Version"] = Version } : Parse(owners)!.AsObject();
        JsonNode[] all =
        [
            .. PolicyStatements.Of(document).Where(statement => !IsPortals(statement)).Select(statement => statement.DeepClone()),
            .. portals,
        ];
        return all.Length == 0 ? null : With(document, all).ToJsonString(Json);
    }

    private static JsonObject With(JsonObject document, JsonNode[] statements)
    {
        var changed = (JsonObject)document.DeepClone();
        changed["Statement"] = new JsonArray(statements);
        return changed;
    }

    /// <summary>
    /// Whether it lets a limited access key in. Somebody else's statement under such a name is not Portal's: it is shown, and stays.
    /// </summary>
    public static bool IsPortals(JsonNode statement) =>
        statement is JsonObject named
        && HasPortalsName(named)
        && named["Principal"] is JsonObject principal
        && PolicyStatements.Texts(principal["AWS"]).ToList() is [var who]
        && who.StartsWith(UserPrefix, StringComparison.Ordinal)
        && named["Sid"]!.ToString() == SidOf(who[UserPrefix.Length..]);

    private static bool HasPortalsName(JsonObject statement) =>
        statement["Sid"]?.ToString().StartsWith(SidPrefix, StringComparison.Ordinal) is true;

    private static string SidOf(string userId) => SidPrefix + userId.Replace("-", "", StringComparison.Ordinal);

    private static JsonObject Statement(string bucket, BucketGrant grant) =>
        new()
        {
            ["Sid"] = SidOf(grant.UserId),
            ["Effect"] = "Allow",
            ["Principal"] = new JsonObject { ["AWS"] = new JsonArray(UserPrefix + grant.UserId) },
            ["Action"] = Strings(grant.Rights is KeyRights.ReadOnly ? Reading : [.. Reading, .. Writing]),
            ["Resource"] = Strings([$"arn:aws:s3:::{bucket}", $"arn:aws:s3:::{bucket}/*"]),
        };

    private static JsonArray Strings(string[] all) => new([.. all.Select(text => (JsonNode)JsonValue.Create(text))]);
}
