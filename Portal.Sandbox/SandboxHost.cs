using System.Net;
using System.Text.Json.Serialization;
using Portal.Sandbox.Billing;
using Portal.Sandbox.Mail;

namespace Portal.Sandbox;

/// <summary>What the sandbox's process consists of. Tests build the same on a free port.</summary>
public static class SandboxHost
{
    /// <summary>The port of Stripe's own stand-in, stripe-mock, whose place this takes.</summary>
    public const string DefaultUrl = "http://127.0.0.1:12111";

    /// <summary>
    /// A sentence if it must not start here: it would take anybody's word for a payment, so it is for one machine and for development only.
    /// </summary>
    public static string? WhyNotStart(IConfiguration configuration, IHostEnvironment environment)
    {
        if (!environment.IsDevelopment())
        {
            return $"Portal.Sandbox plays Stripe and a mail server for development and tests; it does not start in the environment {environment.EnvironmentName}. Set ASPNETCORE_ENVIRONMENT=Development, or do not start it.";
        }

        if (configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            return "Portal.Sandbox takes its address from --urls (or ASPNETCORE_URLS) alone; remove Kestrel:Endpoints from its configuration.";
        }

        return Addresses(configuration).FirstOrDefault(address => !IsLoopback(address)) is { } open
            ? $"Portal.Sandbox listens on the loopback only; {open} can be reached from outside. Use {DefaultUrl}."
            : null;
    }

    public static void AddSandbox(this WebApplicationBuilder builder)
    {
        if (WhyNotStart(builder.Configuration, builder.Environment) is { } reason)
        {
            throw new InvalidOperationException(reason);
        }

        builder.WebHost.UseUrls([.. Addresses(builder.Configuration)]);
        builder.Services.Configure<SandboxSettings>(builder.Configuration.GetSection("Sandbox"));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddRazorComponents();
        builder.Services.AddHealthChecks();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.Converters.Add(new JsonStringEnumConverter()));
        builder.Services.AddMail();
        builder.Services.AddBilling();
    }

    public static void UseSandbox(this WebApplication app)
    {
        app.MapHealthChecks("/healthz");
        app.MapMail();
        app.MapBilling();
        app.MapGet("/", () => Results.Redirect("/inbox"));
        app.MapGet(
            "/sandbox.css",
            () => Results.Stream(typeof(SandboxHost).Assembly.GetManifestResourceStream("sandbox.css")!, "text/css")
        );
    }

    private static string[] Addresses(IConfiguration configuration) =>
        (configuration["urls"] ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsLoopback(string address)
    {
        // `http://*:5000` and `http://+:5000` are what Kestrel accepts and Uri does not.
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            return false;
        }

        return uri.Host is "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
    }
}
