using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Model.Accounts;

/// <summary>
/// A value in a change that tells of a person (an address, a browser, what somebody calls his key), so that the audit keeps it where it can
/// be erased.
/// </summary>
public sealed record Personal(string Value)
{
    private static readonly JsonSerializerOptions Kept = new() { Converters = { new Written(AuditEntry.Erased) } };

    private static readonly JsonSerializerOptions Erasable = new()
    {
        Converters = { new Written(null) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepPersonal } },
    };

    /// <summary>The JSON of a change for the entry itself.</summary>
    internal static string? Keep(object? change) => change is null ? null : JsonSerializer.Serialize(change, Kept);

    /// <summary>The JSON of what is personal in it; null if nothing is.</summary>
    internal static string? Split(object? change) =>
        change is not null && change.GetType().GetProperties().Any(property => property.PropertyType == typeof(Personal))
            ? JsonSerializer.Serialize(change, Erasable)
            : null;

    private static void KeepPersonal(JsonTypeInfo type)
    {
        foreach (var other in type.Properties.Where(property => property.PropertyType != typeof(Personal)).ToList())
        {
            type.Properties.Remove(other);
        }
    }

    /// <param name="instead">What stands for the value; null writes it as it is.</param>
    private sealed class Written(string? instead) : JsonConverter<Personal>
    {
        public override Personal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("An audit is read as JSON.");

        public override void Write(Utf8JsonWriter writer, Personal value, JsonSerializerOptions options) =>
            writer.WriteStringValue(instead ?? value.Value);
    }
}
