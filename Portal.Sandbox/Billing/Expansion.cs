using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Sandbox.Billing;

/// <summary>Puts whole objects in the place of their ids, as <c>expand[]</c> asks (docs.stripe.com/api/expanding_objects).</summary>
internal static class Expansion
{
    private const int Deepest = 4;

    public static void Apply(JsonObject root, string path, Books books)
    {
        var names = path.Split('.');
        if (names.Length > Deepest)
        {
            throw Refusal.Invalid($"You cannot expand more than {Deepest} levels of a property ({path}).", param: "expand[]");
        }

        Step(root, names, path, books);
    }

    private static void Step(JsonObject at, ReadOnlySpan<string> names, string path, Books books)
    {
        if (names.Length == 0)
        {
            return;
        }

        if (!at.TryGetPropertyValue(names[0], out var value))
        {
            throw Refusal.Invalid($"This property cannot be expanded ({path}).", param: "expand[]");
        }

        if (value is JsonArray array)
        {
            foreach (var element in array.OfType<JsonObject>())
            {
                Step(element, names[1..], path, books);
            }
        }
        else if (value is JsonObject whole)
        {
            Step(whole, names[1..], path, books);
        }
        else if (value is not null)
        {
            var found = value.GetValueKind() is JsonValueKind.String ? books.Find((string)value!) : null;
            var put = JsonNode
                .Parse((found ?? throw Refusal.Invalid($"This property cannot be expanded ({path}).", param: "expand[]")).ToJson())!
                .AsObject();
            at[names[0]] = put;
            Step(put, names[1..], path, books);
        }
    }
}
