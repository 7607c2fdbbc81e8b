using System.Text;
using Microsoft.Extensions.Options;
using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>How webhooks are to misbehave.</summary>
/// <param name="Drop">How many of the next events are never sent.</param>
/// <param name="Copies">How often each is sent.</param>
/// <param name="Delay">How late each is sent.</param>
/// <param name="Hold">Nothing is sent until released.</param>
public sealed record WebhookMischief(int Drop = 0, int Copies = 1, TimeSpan Delay = default, bool Hold = false);

public sealed record WebhookDelivery(string EventId, string Type, int Attempt, DateTimeOffset DueAt, int? LastStatus);

/// <summary>
/// Sends events to the configured address, signed as Stripe signs them, again and again with growing pauses until the answer is 2xx.
/// </summary>
internal sealed partial class Webhooks(
    Books books,
    IOptions<SandboxSettings> settings,
    IHttpClientFactory clients,
    TimeProvider clock,
    ILogger<Webhooks> log
) : BackgroundService
{
    private const int MostAttempts = 30;
    private const int AtOnce = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly List<WebhookDelivery> waiting = [];
    private WebhookMischief mischief = new();

    public WebhookMischief Mischief
    {
        get
        {
            lock (gate)
            {
                return mischief;
            }
        }
        set
        {
            lock (gate)
            {
                mischief = value;
            }
        }
    }

    public IReadOnlyList<WebhookDelivery> Waiting
    {
        get
        {
            lock (gate)
            {
                return [.. waiting];
            }
        }
    }

    /// <summary>Sends what was held, in another order if wanted.</summary>
    public void Release(bool shuffle)
    {
        lock (gate)
        {
            mischief = mischief with { Hold = false };
            if (shuffle)
            {
                System.Random.Shared.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(waiting));
            }
        }
    }

    public void Send(Event told, bool obeyMischief = true)
    {
        if (settings.Value.WebhookUrl is not { Length: > 0 })
        {
            return;
        }

        lock (gate)
        {
            if (obeyMischief && mischief.Drop > 0)
            {
                mischief = mischief with { Drop = mischief.Drop - 1 };
                told.PendingWebhooks = 0;
                return;
            }

            var copies = obeyMischief ? Math.Max(1, mischief.Copies) : 1;
            waiting.AddRange(
                Enumerable.Repeat(
                    new WebhookDelivery(
                        told.Id,
                        told.Type,
                        1,
                        clock.GetUtcNow() + (obeyMischief ? mischief.Delay : default),
                        LastStatus: null
                    ),
                    copies
                )
            );
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        lock (books.Gate)
        {
            books.OnEvent = told => Send(told);

            // What was not delivered before a restart.
            foreach (var told in books.All<Event>().Where(told => told.PendingWebhooks > 0).Reverse())
            {
                Send(told, obeyMischief: false);
            }
        }

        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        lock (books.Gate)
        {
            books.SaveIfChanged();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            lock (books.Gate)
            {
                books.Changed |= CheckoutSessions.ExpireOld(books);
                books.SaveIfChanged();
            }

            await Parallel.ForEachAsync(
                TakeDue(),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                DeliverAsync
            );
        }
    }

    private List<WebhookDelivery> TakeDue()
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var due = mischief.Hold ? [] : waiting.Where(delivery => delivery.DueAt <= now).ToList();
            waiting.RemoveAll(delivery => due.Contains(delivery));
            return due;
        }
    }

    private async ValueTask DeliverAsync(WebhookDelivery delivery, CancellationToken ct)
    {
        string? body;
        lock (books.Gate)
        {
            body = books.Find<Event>(delivery.EventId)?.ToJson();
        }

        if (body is null)
        {
            return;
        }

        var status = await PostAsync(body, ct);
        lock (books.Gate)
        {
            if (status is >= 200 and < 300)
            {
                books.Find<Event>(delivery.EventId)?.PendingWebhooks = 0;
                books.Changed = true;
                return;
            }
        }

        LogRefused(log, delivery.Type, delivery.EventId, status, delivery.Attempt);
        if (delivery.Attempt < MostAttempts)
        {
            var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, delivery.Attempt - 1), LongestPause.TotalSeconds));
            lock (gate)
            {
                waiting.Add(delivery with { Attempt = delivery.Attempt + 1, DueAt = clock.GetUtcNow() + pause, LastStatus = status });
            }
        }
    }

    private async Task<int> PostAsync(string body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.Value.WebhookUrl)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(
            "Stripe-Signature",
            EventUtility.GenerateSignatureHeader(body, settings.Value.WebhookSecret, clock.GetUtcNow().ToUnixTimeSeconds())
        );
        request.Headers.UserAgent.ParseAdd("Stripe/1.0");
        try
        {
            using var client = clients.CreateClient(nameof(Webhooks));
            using var answer = await client.SendAsync(request, ct);
            return (int)answer.StatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Type} {Id} was answered {Status} at attempt {Attempt}")]
    private static partial void LogRefused(ILogger log, string type, string id, int status, int attempt);
}
