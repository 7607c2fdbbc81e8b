using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Stripe;
using File = System.IO.File;

namespace Portal.Sandbox.Billing;

/// <summary>
/// All that the sandbox's Stripe knows: objects by id, kept answers by idempotency key, events. Everything happens under
/// <see cref="Gate"/>, one call after another. With a folder it is written there soon after each change and read again at the next start.
/// </summary>
internal sealed class Books
{
    /// <summary>Stripe may forget a key once it is a day old.</summary>
    private static readonly TimeSpan KeyLife = TimeSpan.FromHours(24);

    private readonly Dictionary<string, StripeEntity> objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KeptAnswer> answers = new(StringComparer.Ordinal);
    private readonly TimeProvider clock;
    private readonly string? file;

    public Books(IOptions<SandboxSettings> settings, TimeProvider clock)
    {
        this.clock = clock;
        if (settings.Value.Folder is { } folder)
        {
            file = Path.Combine(Directory.CreateDirectory(folder).FullName, "stripe.json");
            Load();
        }
    }

    public Lock Gate { get; } = new();

    /// <summary>Called under the gate with each new event.</summary>
    public Action<Event>? OnEvent { get; set; }

    public DateTime Now
    {
        get
        {
            // Stripe's times are whole seconds.
            var now = clock.GetUtcNow();
            return DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()).UtcDateTime;
        }
    }

    public static string NewId(string prefix, int length = 24) =>
        prefix + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length);

    public T Add<T>(T made)
        where T : StripeEntity, IHasId
    {
        objects.Add(made.Id, made);
        return made;
    }

    public StripeEntity? Find(string id) => objects.GetValueOrDefault(id);

    public T? Find<T>(string? id)
        where T : StripeEntity => id is null ? null : objects.GetValueOrDefault(id) as T;

    /// <summary>Newest first, as all of Stripe's lists.</summary>
    public IEnumerable<T> All<T>()
        where T : StripeEntity => objects.Values.OfType<T>().Reverse();

    /// <summary>Tells what became of an object, with its state at this moment.</summary>
    public void Tell<T>(string type, T about, EventRequest? request = null)
        where T : StripeEntity, IHasObject
    {
        var told = Add(
            new Event
            {
                Id = NewId("evt_"),
                Object = "event",
                ApiVersion = StripeConfiguration.ApiVersion,
                Created = Now,
                Type = type,
                Data = new EventData { Object = StripeEntity.FromJson(about.ToJson()) },
                Request = request ?? new EventRequest(),
                PendingWebhooks = 1,
            }
        );
        OnEvent?.Invoke(told);
    }

    public KeptAnswer? Answer(string key) => answers.TryGetValue(key, out var kept) && clock.GetUtcNow() - kept.At < KeyLife ? kept : null;

    public void Keep(string key, string fingerprint, int status, string body, string requestId) =>
        answers[key] = new KeptAnswer(fingerprint, status, body, requestId, clock.GetUtcNow());

    public void Clear()
    {
        objects.Clear();
        answers.Clear();
        Save();
    }

    /// <summary>Something is not on the disk yet.</summary>
    public bool Changed { get; set; }

    public void SaveIfChanged()
    {
        if (Changed)
        {
            Changed = false;
            Save();
        }
    }

    /// <summary>Writes the whole beside the old and then in its place, so that a crash leaves one or the other.</summary>
    public void Save()
    {
        if (file is null)
        {
            return;
        }

        var all = new JsonObject
        {
            ["objects"] = new JsonArray([.. objects.Values.Select(entity => JsonNode.Parse(entity.ToJson()))]),
            ["answers"] = JsonSerializer.SerializeToNode(answers),
        };
        File.WriteAllText(file + ".new", all.ToJsonString());
        File.Move(file + ".new", file, overwrite: true);
    }

    private void Load()
    {
        if (!File.Exists(file) || JsonNode.Parse(File.ReadAllText(file)) is not JsonObject all)
        {
            return;
        }

        foreach (var entity in all["objects"]!.AsArray())
        {
            objects.Add((string)entity!["id"]!, (StripeEntity)StripeEntity.FromJson(entity.ToJsonString()));
        }

        foreach (var (key, kept) in all["answers"].Deserialize<Dictionary<string, KeptAnswer>>()!)
        {
            answers.Add(key, kept);
        }
    }

    internal sealed record KeptAnswer(string Fingerprint, int Status, string Body, string RequestId, DateTimeOffset At);
}
