using System.Text;
using System.Text.Json;
using Npgsql;
using Portal.Model.Billing;
using Stripe;

namespace Portal.Billing;

/// <summary>
/// Takes Stripe's events: verifies the signature over the raw body, stores the event once by its id in one durable round trip, answers.
/// Nothing else happens inside the request; the worker applies what is stored.
/// </summary>
public sealed class StripeWebhook(StripeSettings settings, NpgsqlDataSource database, StripeEventBell bell, TimeProvider clock)
{
    public const long LargestBody = 1024 * 1024;

    /// <summary>Older (or more in the future) than this is a replay; Stripe's own default, in seconds.</summary>
    private const long Tolerance = 300;

    private const int LongestName = 255;

    private const string Insert = """
        INSERT INTO "StripeEvents" ("Id", "Type", "ReceivedAt", "Payload", "IsIgnored", "ApplyAt", "Attempts") VALUES ($1, $2, $3, $4, false, $3, 0)
        ON CONFLICT DO NOTHING
        """;

    public async Task<IResult> ReceiveAsync(HttpRequest request, CancellationToken ct)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(ct);
        if (!IsSigned(body, request.Headers["Stripe-Signature"]))
        {
            return Refused("The signature does not fit, or is too old.");
        }

        if (Identify(body) is not var (id, type))
        {
            return Refused("That is not an event.");
        }

        await StoreAsync(id, type, body, ct);
        bell.Ring();
        return Results.Ok();
    }

    private bool IsSigned(string body, string? header)
    {
        if (settings.WebhookSecret is not { } secret || string.IsNullOrEmpty(header))
        {
            return false;
        }

        try
        {
            // Not ConstructEvent: that throws on an event of another release of Stripe's API.
            EventUtility.ValidateSignature(body, header, secret, Tolerance, clock.GetUtcNow().ToUnixTimeSeconds());
            return true;
        }
        catch (Exception error) when (error is StripeException or FormatException or OverflowException)
        {
            // The last two: the time in it is no number.
            return false;
        }
    }

    /// <summary>PostgreSQL's text cannot hold the character zero.</summary>
    private static (string Id, string Type)? Identify(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return
                json.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("id", out var id)
                && id.GetString() is { Length: > 0 and <= LongestName } name
                && !name.Contains('\0', StringComparison.Ordinal)
                && root.TryGetProperty("type", out var type)
                && type.GetString() is { Length: > 0 and <= LongestName } kind
                && !kind.Contains('\0', StringComparison.Ordinal)
                ? (name, kind)
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private async Task StoreAsync(string id, string type, string body, CancellationToken ct)
    {
        await using var insert = database.CreateCommand(Insert);
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = type });
        insert.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = clock.GetUtcNow() });
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = body });
        await insert.ExecuteNonQueryAsync(ct);
    }

    private static IResult Refused(string sentence) => Results.Text(sentence, statusCode: StatusCodes.Status400BadRequest);
}
