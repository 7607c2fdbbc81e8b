using System.Text.Json.Nodes;

namespace Portal.Model.Buckets;

/// <summary>Reads the statements of a policy, in which S3 takes one of a thing for a list of one.</summary>
public static class PolicyStatements
{
    public static IEnumerable<JsonNode> Of(JsonObject policy) =>
        policy["Statement"] switch
        {
            JsonArray many => many.OfType<JsonNode>(),
            JsonObject one => [one],
            _ => [],
        };

    /// <summary>Whether it allows or denies something to everybody, without a condition.</summary>
    public static bool IsForEverybody(JsonObject statement, string effect) =>
        statement["Effect"]?.ToString() == effect
        && IsUnconditional(statement)
        && Texts(statement["Principal"] is JsonObject principal ? principal["AWS"] : statement["Principal"])
            .Contains("*", StringComparer.Ordinal);

    /// <summary>An empty condition is none. As text, since a condition may name something twice, which no node can hold.</summary>
    public static bool IsUnconditional(JsonObject statement) => statement["Condition"]?.ToJsonString() is null or "{}";

    public static IEnumerable<string> Texts(JsonNode? node) =>
        node switch
        {
            JsonArray many => many.OfType<JsonValue>().Select(value => value.ToString()),
            JsonValue one => [one.ToString()],
            _ => [],
        };
}
