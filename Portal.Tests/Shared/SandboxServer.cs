using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Portal.Sandbox;
using Portal.Sandbox.Mail;

namespace Portal.Tests.Shared;

/// <summary>The sandbox as it is, in this process, on free ports.</summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private SandboxServer(WebApplication app) => this.app = app;

    /// <summary>E.g. <c>http://127.0.0.1:41234</c>.</summary>
    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public int SmtpPort => app.Services.GetRequiredService<SmtpServer>().Port;

    public IServiceProvider Services => app.Services;

    public Inbox Inbox => app.Services.GetRequiredService<Inbox>();

    public static async Task<SandboxServer> StartAsync(TimeProvider? clock = null, string? webhookUrl = null, string? folder = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            EnvironmentName = "Development",
            ApplicationName = typeof(SandboxHost).Assembly.GetName().Name,
            Args = ["--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0", $"--Sandbox:WebhookUrl={webhookUrl}", .. folder is null ? Array.Empty<string>() : [$"--Sandbox:Folder={folder}"]],
        });
        builder.Logging.ClearProviders();
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

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
