using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Model.Shared;

internal static class JsonColumn
{
    /// <summary>
    /// A value that is replaced and never changed, as JSON. Text and not jsonb: names of objects may hold U+0000, which JSON spells and
    /// PostgreSQL's own reading of it refuses.
    /// </summary>
    public static void AsJson<T>(this PropertyBuilder<T> property) =>
        property
            .HasColumnType("text")
            .HasConversion(
                value => JsonSerializer.Serialize(value, JsonSerializerOptions.Default),
                json => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Default)!
            );
}
