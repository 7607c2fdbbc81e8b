using Amazon.S3.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Buckets;

/// <summary>A server that answers every request with the way to another one, where nobody must come.</summary>
public sealed class RedirectsTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly string trap = $"http://127.0.0.1:{TestPostgres.FreePort()}",
        elsewhere = $"http://127.0.0.1:{TestPostgres.FreePort()}";
    private WebApplication leading = null!;
    private WebApplication led = null!;
    private int asked;
    private int came;

    public async ValueTask InitializeAsync()
    {
        leading = await ServeAsync(
            trap,
            http =>
            {
                Interlocked.Increment(ref asked);
                http.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
                http.Response.Headers.Location = elsewhere + http.Request.Path;
            }
        );
        led = await ServeAsync(elsewhere, _ => Interlocked.Increment(ref came));
    }

    public async ValueTask DisposeAsync()
    {
        await leading.DisposeAsync();
        await led.DisposeAsync();
    }

    [Fact]
    public async Task Amazons_client_does_not_go_where_a_store_leads_it()
    {
        using var s3 = S3Client.Of(trap, "us-east-1", new StoreKey("AKIAIOSFODNN7EXAMPLE", "secret"));
        await Assert.ThrowsAnyAsync<Exception>(() => s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = "photos" }, Ct));
        Assert.Equal((1, 0), (asked, came));
    }

    [Fact]
    public async Task Stripes_client_and_the_stores_administration_do_not_either()
    {
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Stripe:ApiBase", trap), new("Stripe:SecretKey", "sk_test_1")])
            .Build();
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddStripe(settings, new HostingEnvironment { EnvironmentName = "Development" })
            .BuildServiceProvider();
        await Assert.ThrowsAnyAsync<StripeException>(() =>
            services.GetRequiredService<StripeClient>().V1.Customers.GetAsync("cus_1", cancellationToken: Ct)
        );
        Assert.Equal((true, 0), (asked > 0, came));
    }

    private static async Task<WebApplication> ServeAsync(string at, Action<HttpContext> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(at);
        var app = builder.Build();
        app.Run(http =>
        {
            answer(http);
            return Task.CompletedTask;
        });
        await app.StartAsync(Ct);
        return app;
    }
}
