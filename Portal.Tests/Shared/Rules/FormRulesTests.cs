using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Shared;
using static Portal.Tests.Shared.Sources;

namespace Portal.Tests.Shared;

/// <summary>What pages read from their forms, and what scripts are sent.</summary>
public sealed partial class FormRulesTests
{
    /// <summary>
    /// Pages are rendered here. What scripts are answered is of types of its own, and no row of the database, of which somebody may see a
    /// part only.
    /// </summary>
    [Fact]
    public void Nothing_that_is_sent_as_data_is_a_row_of_the_database()
    {
        Assert.Equal(
            ["Portal/Buckets/Uploads/UploadEndpoints.cs"],
            Code().Where(file => SendsJson().IsMatch(file.Text)).Select(file => file.Name)
        );
        var rows = typeof(PortalDb)
            .GetProperties()
            .Where(property => property.PropertyType.IsGenericType)
            .Select(property => property.PropertyType.GenericTypeArguments[0])
            .ToHashSet();
        var sent = typeof(Portal.Buckets.Uploads)
            .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Select(method => method.ReturnType)
            .Concat(
                typeof(WebHost)
                    .Assembly.GetTypes()
                    .SelectMany(type => type.GetProperties())
                    .Where(property => property.IsDefined(typeof(PersistentStateAttribute), inherit: true))
                    .Select(property => property.PropertyType)
            )
            .SelectMany(type => Within(type, 0))
            .ToHashSet();
        Assert.InRange(rows.Count, 40, int.MaxValue);
        Assert.Contains(typeof(Portal.Buckets.UploadPlan), sent);
        Assert.Empty(sent.Intersect(rows));

        static IEnumerable<Type> Within(Type type, int depth) =>
            depth > 4
                ? []
                :
                [
                    type,
                    .. type
                        .GenericTypeArguments.Concat(type.IsArray ? [type.GetElementType()!] : [])
                        .SelectMany(part => Within(part, depth + 1)),
                    .. type.Namespace?.StartsWith("Portal", StringComparison.Ordinal) is true
                        ? type.GetProperties().SelectMany(property => Within(property.PropertyType, depth + 1))
                        : [],
                ];
    }

    [Fact]
    public void Every_field_for_a_password_hides_it_and_lets_a_password_manager_fill_it()
    {
        var fields = Files("Portal", "*.razor")
            .SelectMany(file => PasswordField().Matches(file.Text).Select(field => (file.Name, Field: field.Value)))
            .ToList();
        Assert.InRange(fields.Count, 8, int.MaxValue);
        Assert.DoesNotContain(
            fields,
            field =>
                !field.Field.Contains("ype=\"password\"", StringComparison.Ordinal)
                || !field.Field.Contains("-password\"", StringComparison.Ordinal)
                || field.Field.Contains("paste", StringComparison.OrdinalIgnoreCase)
        );
    }

    /// <summary>So a form sets what its page asks for, and nothing else of a row.</summary>
    [Fact]
    public void Forms_are_read_into_texts_and_ticks_and_never_into_an_entity() =>
        Assert.All(
            typeof(WebHost)
                .Assembly.GetTypes()
                .SelectMany(type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                .Where(property => property.IsDefined(typeof(SupplyParameterFromFormAttribute), inherit: true)),
            property =>
                Assert.True(
                    property.PropertyType == typeof(string) || property.PropertyType == typeof(bool),
                    $"{property.DeclaringType!.Name}.{property.Name} is {property.PropertyType}."
                )
        );

    [GeneratedRegex(
        @"\bResults\.(Json|Ok)\([^)]|WriteAsJsonAsync|TypedResults\.(Json|Ok)\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SendsJson();

    [GeneratedRegex(
        "<(Field|input)[^>]* [Nn]ame=\"(Password|password|Current|Wanted|AddressPassword)\"[^>]*>",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex PasswordField();
}
