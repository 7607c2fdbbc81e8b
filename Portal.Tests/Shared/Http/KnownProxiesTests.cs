using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

[Trait("Needs", "database")]
public sealed class KnownProxiesTests(TestPostgres postgres) : TestDatabase(postgres)
{
    [Theory]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("10.1.2.3, 127.0.0.0/8", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1, 10.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.9.9.9", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")]
    [InlineData("", "203.0.113.9", "127.0.0.1")]
    public async Task An_address_that_is_passed_on_is_believed_from_known_proxies_only(string proxies, string forwarded, string seen)
    {
        await using var server = await PortalServer.StartAsync(ConnectionString, settings: ("Portal:KnownProxies", proxies));
        using var client = server.NewClient();
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-For", forwarded);
        var person = await server.AddPersonAsync();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        await using var db = CreateDbContext();
        Assert.Equal(seen, (await db.Sessions.SingleAsync()).From!.MapToIPv4().ToString());
    }

    [Theory]
    [InlineData("--FORWARDEDHEADERS_ENABLED=true", "ASPNETCORE_FORWARDEDHEADERS_ENABLED believes whoever connects")]
    [InlineData("--Portal:KnownProxies=my-proxy", "Portal__KnownProxies holds “my-proxy”")]
    [InlineData("--Portal:KnownProxies=2001:db8::1, 010.0.0.1", "Portal__KnownProxies holds “010.0.0.1”")]
    public void What_would_believe_everybody_or_nobody_does_not_start(string setting, string sentence)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = "Development", Args = ["--ConnectionStrings:Portal=Host=localhost", setting] }
        );
        Assert.StartsWith(sentence, Assert.Throws<StartRefusedException>(builder.AddPortal).Message, StringComparison.Ordinal);
    }
}
