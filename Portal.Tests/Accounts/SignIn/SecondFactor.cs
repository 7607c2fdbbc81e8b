using System.Net;
using AngleSharp.Html.Dom;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>A second factor as its owner sets it up, and the codes that the app would show.</summary>
internal static class SecondFactor
{
    /// <returns>The app's key.</returns>
    public static async Task<string> TurnOnAsync(PortalServer server, Person person)
    {
        using var client = await server.NewClientAsync(person);
        return await TurnOnAsync(client);
    }

    /// <summary>By somebody signed in, whoever that is; right after another app was turned off too.</summary>
    /// <param name="later">Of the first code; see <see cref="Code"/>.</param>
    public static async Task<string> TurnOnAsync(FormClient client, int later = 0)
    {
        var page = await client.PageAsync("/settings/second-factor");
        var key = KeyOn(page);
        using var answer = await client.SendAsync(
            "/settings/second-factor",
            page.Forms.First(form => form.QuerySelector("[name=Code]") is not null),
            ("Code", Code(key, later)),
            ("Password", PortalServer.Password)
        );
        return answer.StatusCode is HttpStatusCode.OK && (await FormClient.ReadAsync(answer)).QuerySelector(".codes") is not null
            ? key
            : throw new InvalidOperationException("It was not turned on.");
    }

    public static string KeyOn(IHtmlDocument page) => page.QuerySelector(".secret")!.TextContent.Replace(" ", "", StringComparison.Ordinal);

    /// <param name="later">How many steps from now; a code that was used and those before it are refused.</param>
    public static string Code(string key, int later = 0) => Totp.CodeOf(key, Totp.StepOf(TimeProvider.System.GetUtcNow()) + later);
}
