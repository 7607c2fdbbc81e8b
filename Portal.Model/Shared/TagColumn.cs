using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Model.Shared;

internal static class TagColumn
{
    /// <summary>Tags as one JSON object, which PostgreSQL can look into.</summary>
    public static void AsTags(this PropertyBuilder<Dictionary<string, string>> property) =>
        property
            .HasColumnType("jsonb")
            .HasConversion(
                tags => JsonSerializer.Serialize(tags, JsonSerializerOptions.Default),
                json => JsonSerializer.Deserialize<Dictionary<string, string>>(json, JsonSerializerOptions.Default) ?? NoTags(),
                new ValueComparer<Dictionary<string, string>>(
                    (a, b) => a!.Count == b!.Count && !a.Except(b).Any(),
                    tags => tags.Count,
                    tags => new Dictionary<string, string>(tags, StringComparer.Ordinal)
                )
            );

    internal static Dictionary<string, string> NoTags() => new(StringComparer.Ordinal);
}
