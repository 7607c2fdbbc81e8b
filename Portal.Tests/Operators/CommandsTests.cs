using System.Text.Json;
using Microsoft.EntityFrameworkCore;
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
        using var answer = await client.SubmitAsync("/sign-in?returnUrl=/operator", "Sign in", ("Email", "root@example.com"), ("Password", password));
        Assert.Equal("/operator", answer.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task A_customer_is_not_made_an_operator_by_the_way()
    {
        var person = await Server.AddPersonAsync();
        Assert.Equal(1, (await CreateAsync(person.Email)).Code);
        await using var db = CreateDbContext();
        Assert.False((await db.Users.SingleAsync()).IsOperator);
    }

    private async Task<(int Code, string Output)> CreateAsync(string email)
    {
        using var output = new StringWriter();
        var code = await Commands.CreateOperatorAsync(Server.Services, email, output, TextWriter.Null, TestContext.Current.CancellationToken);
        return (code, output.ToString());
    }
}
