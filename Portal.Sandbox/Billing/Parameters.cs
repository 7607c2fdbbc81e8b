using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>
/// Reads parameters in Stripe's form (<c>a[b][0]=c</c>) into the Options class that Stripe.net itself has for the call. What that class
/// does not have is unknown to Stripe and refused as Stripe refuses it; what it has and <c>played</c> has not, is refused too, with another
/// sentence.
/// </summary>
internal static partial class Parameters
{
    /// <param name="played">
    /// Names of what the sandbox acts on, nested ones with dots: <c>invoice_settings.default_payment_method</c>.
    /// </param>
    public static object Read(Type options, IEnumerable<KeyValuePair<string, string>> form, IReadOnlySet<string> played)
    {
        var root = new Node();
        foreach (var (key, value) in form)
        {
            var node = root;
            foreach (Match part in Part().Matches(key))
            {
                node = node[part.Groups["name"].Value];
            }

            node.Text = value;
        }

        return Object(options, root, "", "", played);
    }

    /// <summary>The property of an Options or entity class that stands for a name in Stripe's spelling.</summary>
    public static PropertyInfo? Find(Type type, string name) =>
        type.GetProperties()
            .FirstOrDefault(property =>
                string.Equals(property.GetCustomAttribute<JsonPropertyAttribute>()?.PropertyName, name, StringComparison.Ordinal)
            );

    private static object Object(Type type, Node node, string prefix, string path, IReadOnlySet<string> played)
    {
        var made = Activator.CreateInstance(type)!;
        foreach (var (name, child) in node.Children)
        {
            var shown = prefix.Length == 0 ? name : $"{prefix}[{name}]";
            var property = Find(type, name) ?? throw Refusal.Unknown(shown);
            var dotted = path.Length == 0 ? name : $"{path}.{name}";
            if (
                name is not "expand"
                && !played.Contains(dotted)
                && !played.Any(known => known.StartsWith(dotted + ".", StringComparison.Ordinal))
            )
            {
                throw Refusal.NotPlayed($"the parameter {shown}");
            }

            property.SetValue(made, Value(property.PropertyType, child, shown, dotted, played));
        }

        return made;
    }

    private static object Value(Type declared, Node node, string shown, string path, IReadOnlySet<string> played)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (type == typeof(Dictionary<string, string>))
        {
            return node.Children.ToDictionary(child => child.Key, child => child.Value.Text ?? "", StringComparer.Ordinal);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            var list = (IList)Activator.CreateInstance(type)!;
            foreach (var (index, child) in node.Children)
            {
                list.Add(Value(type.GetGenericArguments()[0], child, $"{shown}[{index}]", path, played));
            }

            return list;
        }

        return typeof(INestedOptions).IsAssignableFrom(type)
            ? Object(type, node, shown, path, played)
            : Scalar(type, node.Text ?? "", shown);
    }

    private static object Scalar(Type type, string text, string shown) =>
        type switch
        {
            _ when type == typeof(string) => text,
            _ when type == typeof(long) => Whole(text, shown),
            _ when type == typeof(bool) => text switch
            {
                "true" => true,
                "false" => false,
                _ => throw Refusal.Invalid($"Invalid boolean: {text}", "parameter_invalid_boolean", shown),
            },
            _ when type == typeof(DateTime) => DateTimeOffset.FromUnixTimeSeconds(Whole(text, shown)).UtcDateTime,
            _ => throw Refusal.NotPlayed($"the parameter {shown}"),
        };

    private static long Whole(string text, string shown) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refusal.Invalid($"Invalid integer: {text}", "parameter_invalid_integer", shown);

    [GeneratedRegex(@"(?<name>[^\[\]]+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Part();

    private sealed class Node
    {
        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public string? Text { get; set; }

        public Node this[string name] => Children.TryGetValue(name, out var child) ? child : Children[name] = new Node();
    }
}
