using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>People with a second factor, and the way to it.</summary>
public abstract class SecondFactorScene(OneServer one) : OneServerTests(one)
{
    protected async Task<(string Key, List<string> Codes)> SetUpAsync(Person person)
    {
        using var client = await Server.NewClientAsync(person);
        var page = await client.PageAsync("/settings/second-factor");
        Assert.NotNull(page.QuerySelector(".qr svg"));
        var key = SecondFactor.KeyOn(page);
        var form = page.Forms.First(form => form.QuerySelector("[name=Code]") is not null);
        using var wrong = await client.SendAsync("/settings/second-factor", form, ("Code", "000000"), ("Password", PortalServer.Password));
        Assert.Contains("incorrect", (await FormClient.ReadAsync(wrong)).Body!.TextContent, StringComparison.Ordinal);
        using var answer = await client.SendAsync(
            "/settings/second-factor",
            form,
            ("Code", SecondFactor.Code(key)),
            ("Password", PortalServer.Password)
        );
        return (key, [.. (await FormClient.ReadAsync(answer)).QuerySelectorAll(".codes li").Select(code => code.TextContent)]);
    }

    protected async Task<FormClient> PasswordAsync(Person person)
    {
        var client = Server.NewClient();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.StartsWith("/sign-in/second-factor", answer.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        return client;
    }
}
