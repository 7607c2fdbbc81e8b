using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Tests.Operators;

/// <summary>What an operator types as an image's address leads nowhere but to the Internet.</summary>
public sealed class TypedAddressesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::10.0.0.1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("2002:a00:1::1")]
    [InlineData("2001:0:a00:1::1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fc00::1")]
    [InlineData("ff02::1")]
    [InlineData("2001:db8::1")]
    public async Task An_address_that_is_not_on_the_Internet_is_refused_however_it_is_reached(string address)
    {
        Assert.False(Internet.Has(IPAddress.Parse(address)));
        using var typed = new TypedAddresses(isLaptop: false, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]));
        var written = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        foreach (var host in new[] { written, "harmless.example.com" })
        {
            var refused = await Assert.ThrowsAsync<EngineException>(() => typed.GetAsync(new Uri($"https://{host}/image.qcow2"), Ct));
            Assert.Equal(EngineFault.Rejected, refused.Fault);
            Assert.Contains("is not on the Internet", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    public void What_is_on_the_Internet_is_taken(string address) => Assert.True(Internet.Has(IPAddress.Parse(address)));

    [Fact]
    public async Task Nothing_is_fetched_without_encryption_outside_a_laptop()
    {
        using var typed = new TypedAddresses(isLaptop: false);
        var refused = await Assert.ThrowsAsync<EngineException>(() => typed.GetAsync(new Uri("http://example.com/"), Ct));
        Assert.Equal((EngineFault.Rejected, "It leads to an address that does not begin with https://."), (refused.Fault, refused.Message));
    }

    [Fact]
    public async Task A_redirect_is_looked_at_as_the_first_address_was_and_there_are_few_of_them()
    {
        await using var elsewhere = await Elsewhere.StartAsync(app =>
        {
            app.MapGet("/round", () => Results.Redirect("/round"));
            app.MapGet("/file", () => Results.Redirect("file:///etc/passwd"));
            app.MapGet("/once", () => Results.Redirect("/there"));
            app.MapGet("/there", () => "here");
        });
        using var typed = new TypedAddresses(isLaptop: true);
        await Assert.ThrowsAsync<EngineException>(() => typed.GetAsync(new Uri(elsewhere.Address, "/round"), Ct));
        await Assert.ThrowsAsync<EngineException>(() => typed.GetAsync(new Uri(elsewhere.Address, "/file"), Ct));
        using var answer = await typed.GetAsync(new Uri(elsewhere.Address, "/once"), Ct);
        Assert.Equal("here", await answer.Content.ReadAsStringAsync(Ct));
    }

    private sealed class Elsewhere(WebApplication app) : IAsyncDisposable
    {
        public Uri Address => new(app.Urls.Single());

        public static async Task<Elsewhere> StartAsync(Action<WebApplication> map)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            map(app);
            await app.StartAsync(Ct);
            return new Elsewhere(app);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
