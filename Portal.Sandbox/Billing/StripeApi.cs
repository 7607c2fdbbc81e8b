using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>A call as it was answered.</summary>
public sealed record LoggedCall(
    DateTimeOffset At,
    string Method,
    string Path,
    IReadOnlyDictionary<string, string> Parameters,
    string? IdempotencyKey,
    int Status,
    bool Replayed,
    string RequestId
);

/// <summary>
/// Answers a request to Stripe's API: key, faults on demand, idempotency, parameters, the call itself, expansion, in that order.
/// </summary>
internal sealed class StripeApi(Books books, Faults faults, IOptions<SandboxSettings> settings, TimeProvider clock)
{
    private const int Logged = 2000;

    private readonly ConcurrentQueue<LoggedCall> log = new();

    public IReadOnlyCollection<LoggedCall> Calls => log;

    public void Forget() => log.Clear();

    public async Task AnswerAsync(HttpContext http)
    {
        var request = new EventRequest
        {
            Id = Books.NewId("req_", 14),
            IdempotencyKey = http.Request.Headers["Idempotency-Key"] is [{ Length: > 0 } key] ? key : null,
        };
        var form = await ReadFormAsync(http.Request);
        var fault = faults.Take(http.Request.Method, http.Request.Path);
        var answer = fault is { When: FaultTime.Before } ? Broken(fault) : Answer(http.Request, request, form);
        if (fault is { When: FaultTime.After })
        {
            answer = Broken(fault);
        }

        Log(http.Request, request, form, answer);
        if (answer.Status == 0)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = "application/json";
        http.Response.Headers["Request-Id"] = answer.RequestId ?? request.Id;
        http.Response.Headers["Stripe-Version"] = StripeConfiguration.ApiVersion;
        if (request.IdempotencyKey is not null)
        {
            http.Response.Headers["Idempotency-Key"] = request.IdempotencyKey;
        }

        if (answer.Replayed)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
        }

        await http.Response.WriteAsync(answer.Body, http.RequestAborted);
    }

    private Answered Answer(HttpRequest http, EventRequest request, List<KeyValuePair<string, string>> form)
    {
        lock (books.Gate)
        {
            try
            {
                Authorize(http);
                var (route, id) =
                    Route.Match(http.Method, http.Path)
                    ?? throw Refusal.Invalid(
                        $"Unrecognized request URL ({http.Method}: {http.Path}). The sandbox plays what Portal uses only.",
                        status: HttpStatusCode.NotFound
                    );
                return HttpMethods.IsPost(http.Method) && request.IdempotencyKey is { } key
                    ? Once(key, http, request, form, route, id)
                    : Run(http, request, form, route, id);
            }
            catch (Refusal refusal)
            {
                return Refused(refusal, request);
            }
        }
    }

    private Answered Once(
        string key,
        HttpRequest http,
        EventRequest request,
        List<KeyValuePair<string, string>> form,
        Route route,
        string id
    )
    {
        var fingerprint = Fingerprint(http, form);
        if (books.Answer(key) is { } kept)
        {
            return string.Equals(kept.Fingerprint, fingerprint, StringComparison.Ordinal)
                ? new Answered(kept.Status, kept.Body, kept.RequestId, Replayed: true)
                : throw Refusal.OtherParameters(key);
        }

        Answered answer;
        try
        {
            answer = Run(http, request, form, route, id);
        }
        catch (Refusal refusal) when (refusal.IsKept)
        {
            answer = Refused(refusal, request);
        }

        books.Keep(key, fingerprint, answer.Status, answer.Body, request.Id);
        return answer;
    }

    private Answered Run(HttpRequest http, EventRequest request, List<KeyValuePair<string, string>> form, Route route, string id)
    {
        var options = Parameters.Read(route.Options, form, route.Played);
        var entity = route.Handle(new Call(books, http.Path, id, options, request, $"{http.Scheme}://{http.Host}"));
        var json = JsonNode.Parse(entity.ToJson())!.AsObject();
        foreach (var path in ((BaseOptions)options).Expand ?? [])
        {
            Expansion.Apply(json, path, books);
        }

        books.Changed |= !HttpMethods.IsGet(http.Method);
        return new Answered(StatusCodes.Status200OK, json.ToJsonString());
    }

    private void Authorize(HttpRequest http)
    {
        var given =
            http.Headers.Authorization.ToString() is var header && header.StartsWith("Bearer ", StringComparison.Ordinal)
                ? header["Bearer ".Length..]
                : null;
        if (given is null)
        {
            throw Refusal.Unauthorized(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            );
        }

        if (
            !given.StartsWith("sk_test_", StringComparison.Ordinal)
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(settings.Value.SecretKey))
        )
        {
            throw Refusal.Unauthorized($"Invalid API Key provided: {given[..Math.Min(8, given.Length)]}****");
        }
    }

    private static Answered Refused(Refusal refusal, EventRequest request)
    {
        var error = JsonNode.Parse(refusal.Error.ToJson())!.AsObject();
        foreach (var name in error.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            error.Remove(name);
        }

        error["request_log_url"] = $"https://dashboard.stripe.com/test/logs/{request.Id}";
        return new Answered((int)refusal.Status, new JsonObject { ["error"] = error }.ToJsonString());
    }

    private static Answered Broken(Fault fault) =>
        fault.Aborts
            ? new Answered(0, "")
            : new Answered(
                StatusCodes.Status500InternalServerError,
                """{"error":{"type":"api_error","message":"An unknown error occurred."}}"""
            );

    private static string Fingerprint(HttpRequest http, List<KeyValuePair<string, string>> form) =>
        Convert.ToHexString(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    $"{http.Method} {http.Path}\n{string.Join('\n', form.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"))}"
                )
            )
        );

    private static async Task<List<KeyValuePair<string, string>>> ReadFormAsync(HttpRequest http)
    {
        var pairs = http.Query.SelectMany(pair => pair.Value.Select(value => KeyValuePair.Create(pair.Key, value ?? "")));
        var body = http.HasFormContentType
            ? (await http.ReadFormAsync(http.HttpContext.RequestAborted)).SelectMany(pair =>
                pair.Value.Select(value => KeyValuePair.Create(pair.Key, value ?? ""))
            )
            : [];

        // `expand[]=a&expand[]=b` names a list's elements without their places.
        return
        [
            .. pairs
                .Concat(body)
                .Select((pair, place) => KeyValuePair.Create(pair.Key.Replace("[]", $"[{place}]", StringComparison.Ordinal), pair.Value)),
        ];
    }

    private void Log(HttpRequest http, EventRequest request, List<KeyValuePair<string, string>> form, Answered answer)
    {
        log.Enqueue(
            new LoggedCall(
                clock.GetUtcNow(),
                http.Method,
                http.Path,
                form.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal),
                request.IdempotencyKey,
                answer.Status,
                answer.Replayed,
                request.Id
            )
        );
        while (log.Count > Logged && log.TryDequeue(out _)) { }
    }

    /// <param name="Status">0 ends the connection without an answer.</param>
    private sealed record Answered(int Status, string Body, string? RequestId = null, bool Replayed = false);
}
