using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Sandbox;
using Portal.Sandbox.Billing;
using Portal.Sandbox.Mail;
using Stripe;

namespace Portal.Tests.Shared;

/// <summary>The sandbox as it is, in this process, on free ports.</summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private SandboxServer(WebApplication app) => this.app = app;

    /// <summary>E.g. <c>http://127.0.0.1:41234</c>.</summary>
    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public int SmtpPort => app.Services.GetRequiredService<MailServer>().Port;

    public IServiceProvider Services => app.Services;

    public Inbox Inbox => app.Services.GetRequiredService<Inbox>();

    public static async Task<SandboxServer> StartAsync(TimeProvider? clock = null, string? webhookUrl = null, string? folder = null)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = "Development",
                ApplicationName = typeof(SandboxHost).Assembly.GetName().Name,
                Args =
                [
                    "--urls=http://127.0.0.1:0",
                    "--Sandbox:SmtpPort=0",
                    $"--Sandbox:WebhookUrl={webhookUrl}",
                    .. folder is null ? Array.Empty<string>() : [$"--Sandbox:Folder={folder}"],
                ],
            }
        );
        TestLog.Use(builder);
        builder.AddSandbox();
        if (clock is not null)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(clock));
        }

        var built = builder.Build();
        built.UseSandbox();
        await built.StartAsync();
        return new SandboxServer(built);
    }

    /// <summary>Stripe.net as it is, pointed here; it does not repeat failed calls by itself.</summary>
    public StripeClient Stripe => field ??= ClientFor("sk_test_sandbox");

    public StripeClient ClientFor(string key) =>
        new(
            new StripeClientOptions
            {
                ApiKey = key,
                ApiBase = Url,
                HttpClient = new SystemNetHttpClient(http, maxNetworkRetries: 0),
            }
        );

    /// <summary>Makes the next such calls go wrong.</summary>
    public void Fail(Fault fault) => app.Services.GetRequiredService<global::Portal.Sandbox.Billing.Faults>().Add(fault);

    public void FailNothing() => app.Services.GetRequiredService<global::Portal.Sandbox.Billing.Faults>().Clear();

    /// <summary>Fills in the card page as a person does. The answer is a redirect, or the page again.</summary>
    public async Task<(Uri? GoTo, string Page)> EnterCardAsync(
        string sessionId,
        string number,
        string expiry = "12 / 34",
        string cvc = "123",
        string name = "Ada Lovelace"
    )
    {
        using var form = new FormUrlEncodedContent([new("number", number), new("expiry", expiry), new("cvc", cvc), new("name", name)]);
        using var answer = await http.PostAsync(new Uri($"{Url}/checkout/{sessionId}"), form);
        return (answer.Headers.Location, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Presses a button of the 3-D Secure page.</summary>
    public async Task<Uri?> AuthenticateAsync(string sessionId, bool passes)
    {
        using var form = new FormUrlEncodedContent([new("outcome", passes ? "complete" : "fail")]);
        using var answer = await http.PostAsync(new Uri($"{Url}/checkout/{sessionId}/authenticate"), form);
        return answer.Headers.Location;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
