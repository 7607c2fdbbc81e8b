using System.Net;
using Portal.Tests.Shared;

namespace Portal.Tests.Closing;

/// <summary>People who close their accounts.</summary>
public abstract class CloseAccountScene(TestPostgres postgres) : ServedTests(postgres)
{
    /// <summary>The address of the page that shows the removal.</summary>
    protected static async Task<string> CloseAsync(FormClient client, Person person)
    {
        using var closed = await client.SubmitAsync(
            "/settings/close",
            "Close this account for good",
            ("Email", person.Email),
            ("Password", PortalServer.Password)
        );
        Assert.Equal(HttpStatusCode.Found, closed.StatusCode);
        var path = closed.Headers.Location!.PathAndQuery;
        Assert.StartsWith("/closing/", path, StringComparison.Ordinal);
        return path;
    }

    protected static async Task<string> RefusalAsync(FormClient client, string email, string password)
    {
        using var answer = await client.SubmitAsync(
            "/settings/close",
            "Close this account for good",
            ("Email", email),
            ("Password", password)
        );
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await FormClient.ReadAsync(answer))
            .QuerySelector("form.narrow .validation-message, form.narrow .notice.error")!
            .TextContent;
    }
}
