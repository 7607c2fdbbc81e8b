using System.Globalization;
using System.Net;
using Microsoft.Playwright;

namespace Portal.Tests.Shared;

/// <summary>
/// A page of somebody else on Portal's own site, in the browser of one who is signed in: the browser sends that person's cookies along with
/// whatever it asks Portal.
/// </summary>
internal static class Neighbour
{
    /// <summary>A page at another port of localhost.</summary>
    public static Uri Serve(out HttpListener listener)
    {
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{TestPostgres.FreePort()}/"));
        listener = new HttpListener { Prefixes = { address.ToString() } };
        listener.Start();
        listener.BeginGetContext(Answer, listener);
        return address;
    }

    /// <summary>Whether the page that is open there gets a socket of a circuit.</summary>
    public static Task<bool> OpensCircuitAsync(IPage page, Uri portal) =>
        page.EvaluateAsync<bool>(
            """
            portal => new Promise(done => {
              const socket = new WebSocket(portal.replace('http', 'ws') + '_blazor');
              socket.onopen = () => { socket.close(); done(true); };
              socket.onerror = () => done(false);
            })
            """,
            portal.ToString()
        );

    private static void Answer(IAsyncResult result)
    {
        var listener = (HttpListener)result.AsyncState!;
        if (!listener.IsListening)
        {
            return;
        }

        var http = listener.EndGetContext(result);
        http.Response.ContentType = "text/html";
        http.Response.Close("<!DOCTYPE html><title>Free prizes</title>"u8.ToArray(), willBlock: true);
        listener.BeginGetContext(Answer, listener);
    }
}

[Trait("Needs", "browser")]
public sealed class NeighbourTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    [Fact]
    public async Task A_page_at_another_port_of_the_same_site_takes_over_no_session()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync());
        Assert.True(await Neighbour.OpensCircuitAsync(page, Server.Address));
        var evil = Neighbour.Serve(out var listener);
        using (listener)
        {
            await page.GotoAsync(evil.ToString());
            Assert.False(await Neighbour.OpensCircuitAsync(page, Server.Address));
        }

        await page.GotoAsync(Server.Address + "instances");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Instances", Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Whoever_types_the_number_instead_of_the_name_gets_to_the_page()
    {
        var page = await browser.NewPageAsync(Server);
        await page.GotoAsync(Server.Address.ToString().Replace("localhost", "127.0.0.1", StringComparison.Ordinal) + "sign-up?a=b");
        Assert.Equal(Server.Address + "sign-up?a=b", page.Url);
    }
}
