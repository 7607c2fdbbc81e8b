using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

[Trait("Needs", "database")]
public sealed class CommandsTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task The_first_operators_password_is_told_once_and_lets_in()
    {
        var told = await CreateAsync("root@example.com");
        Assert.Equal((0, ""), await CreateAsync("root@example.com"));
        var password = JsonDocument.Parse(told.Output).RootElement.GetProperty("password").GetString()!;
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync(
            "/sign-in?returnUrl=/operator",
            "Sign in",
            ("Email", "root@example.com"),
            ("Password", password)
        );
        Assert.Equal("/operator", answer.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task An_operator_is_an_Admin_unless_another_role_is_named()
    {
        await CreateAsync("root@example.com");
        await CreateAsync("reader@example.com", "Support");
        Assert.Equal(1, (await CreateAsync("king@example.com", "King")).Code);
        await using var db = CreateDbContext();
        Assert.Equal(
            [OperatorRole.Support, OperatorRole.Admin],
            await db.Users.OrderBy(user => user.Email).Select(user => user.Role!.Value).ToListAsync()
        );
    }

    [Fact]
    public async Task A_customer_is_not_made_an_operator_by_the_way()
    {
        var person = await Server.AddPersonAsync();
        Assert.Equal(1, (await CreateAsync(person.Email)).Code);
        await using var db = CreateDbContext();
        Assert.False((await db.Users.SingleAsync()).IsOperator);
    }

    [Fact]
    public async Task A_database_of_another_version_is_left_alone_with_a_sentence()
    {
        await using (var db = CreateDbContext())
        {
            await db.Database.ExecuteSqlRawAsync("""INSERT INTO "__EFMigrationsHistory" VALUES ('20250101000000_Older', '10.0.0')""");
        }

        await using var services = TestPostgres.ServicesOf(ConnectionString, TestPostgres.KeyRingFile);
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.MigrateAsync(services, errors, TestContext.Current.CancellationToken));
        Assert.Contains("20250101000000_Older", errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("bin/up --reset", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told_in_a_sentence()
    {
        await using var services = TestPostgres.ServicesOf("Host=127.0.0.1;Port=1;Username=portal", TestPostgres.KeyRingFile);
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.MigrateAsync(services, errors, TestContext.Current.CancellationToken));
        Assert.StartsWith(
            "The database that ConnectionStrings__Portal names cannot be used: ",
            errors.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Only_the_database_s_owner_migrates_and_again_and_again()
    {
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.MigrateAsync(Server.Services, errors, TestContext.Current.CancellationToken));
        Assert.StartsWith(
            "The role in ConnectionStrings__Portal may not change the database's schema; name the one that owns it: ",
            errors.ToString(),
            StringComparison.Ordinal
        );
        await using var services = TestPostgres.ServicesOf(ConnectionString, TestPostgres.KeyRingFile);
        Assert.Equal(0, await Commands.MigrateAsync(services, TextWriter.Null, TestContext.Current.CancellationToken));
    }

    private async Task<(int Code, string Output)> CreateAsync(string email, string? role = null)
    {
        using var output = new StringWriter();
        var code = await Commands.CreateOperatorAsync(
            Server.Services,
            email,
            role,
            output,
            TextWriter.Null,
            TestContext.Current.CancellationToken
        );
        return (code, output.ToString());
    }
}
