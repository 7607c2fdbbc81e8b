using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Compute;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

/// <summary>The real web and the real worker's side of consoles, with real sockets, in front of guests in memory.</summary>
[Trait("Needs", "database")]
public sealed class ConsoleTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new();
    private PortalServer server = null!;
    private Changes changes = null!;
    private Consoles consoles = null!;
    private Person ada = null!;
    private FormClient browser = null!;
    private string instance = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        changes = new Changes(Source, NullLogger<Changes>.Instance);
        consoles = new Consoles(this, engine, changes, new RegionName("local"), TimeProvider.System, NullLogger<Consoles>.Instance);
        await changes.StartAsync(Ct);
        await changes.Listening;
        await consoles.StartAsync(Ct);
        ada = await server.AddPersonAsync();
        browser = await server.NewClientAsync(ada);
        instance = await RunningMachines.AddAsync(this, engine, ActorOf(ada));
    }

    public override async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await consoles.StopAsync(Ct);
        await changes.StopAsync(Ct);
        await server.DisposeAsync();
        consoles.Dispose();
        changes.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Consoles_are_opened_a_limited_number_of_times_a_minute()
    {
        for (var time = 0; time < ConsoleTickets.MostPerMinute; time++)
        {
            await IssueAsync(ConsoleKind.Text);
        }

        var refused = await server.Services.GetRequiredService<ConsoleTickets>().IssueAsync(ActorOf(ada), instance, ConsoleKind.Log, Ct);
        Assert.Equal("Too many consoles were opened within a minute. Wait a minute, then try again.", refused.Reason);
    }

    [Fact]
    public async Task A_text_console_shows_the_login_and_takes_what_is_typed()
    {
        using var socket = await OpenAsync(await IssueAsync(ConsoleKind.Text));
        await ReadUntilAsync(socket, "login: ");
        await socket.SendAsync(Encoding.UTF8.GetBytes("root"), WebSocketMessageType.Binary, true, Ct);
        await ReadUntilAsync(socket, "root");
    }

    [Fact]
    public async Task A_graphical_console_is_the_engines_own_bytes()
    {
        using var socket = await OpenAsync(await IssueAsync(ConsoleKind.Graphical));
        Assert.Equal("RFB 003.008\n", await ReadUntilAsync(socket, "\n"));
    }

    [Fact]
    public async Task The_log_is_sent_once_and_the_socket_closed()
    {
        using var socket = await OpenAsync(await IssueAsync(ConsoleKind.Log));
        await ReadUntilAsync(socket, engine.Machines.Single().SerialLog);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, (await CloseOfAsync(socket)).Status);
    }

    [Fact]
    public async Task A_ticket_opens_one_console_and_no_second()
    {
        var ticket = await IssueAsync(ConsoleKind.Text);
        using var socket = await OpenAsync(ticket);
        Assert.Equal(HttpStatusCode.NotFound, await RefusalAsync(ticket, browser));
    }

    [Fact]
    public async Task An_expired_ticket_is_refused()
    {
        var ticket = await IssueAsync(ConsoleKind.Text);
        await using (var db = CreateDbContext())
        {
            await db.ConsoleTickets.ExecuteUpdateAsync(
                set => set.SetProperty(row => row.ExpiresAt, row => row.ExpiresAt - ConsoleTicket.Lifetime),
                Ct
            );
        }

        Assert.Equal(HttpStatusCode.NotFound, await RefusalAsync(ticket, browser));
    }

    [Fact]
    public async Task Another_customers_ticket_is_not_there_and_stays_unused()
    {
        var ticket = await IssueAsync(ConsoleKind.Text);
        using var stranger = await server.NewClientAsync(await server.AddPersonAsync());
        Assert.Equal(HttpStatusCode.NotFound, await RefusalAsync(ticket, stranger));
        using var socket = await OpenAsync(ticket);
        await ReadUntilAsync(socket, "login: ");
    }

    [Fact]
    public async Task A_wrong_secret_is_refused() =>
        Assert.Equal(
            HttpStatusCode.NotFound,
            await RefusalAsync((await IssueAsync(ConsoleKind.Text)) with { Secret = new string('0', 64) }, browser)
        );

    [Fact]
    public async Task A_page_of_another_origin_is_refused() =>
        Assert.Equal(HttpStatusCode.Forbidden, await RefusalAsync(await IssueAsync(ConsoleKind.Text), browser, "https://evil.example"));

    [Fact]
    public async Task Nobody_gets_a_ticket_for_a_strangers_or_a_stopped_instance()
    {
        var tickets = server.Services.GetRequiredService<ConsoleTickets>();
        Assert.Equal(
            "There is no such instance.",
            (await tickets.IssueAsync(ActorOf(await server.AddPersonAsync()), instance, ConsoleKind.Text, Ct)).Reason
        );
        await using (var db = CreateDbContext())
        {
            (await db.Instances.SingleAsync(Ct)).Observe(
                new MachineObservation(MachinePower.Off, 0, false, null, null, StoppedByGuest: true),
                AnAccount.Now
            );
            await db.SaveChangesAsync(Ct);
        }

        Assert.Contains(
            "stopped",
            (await tickets.IssueAsync(ActorOf(ada), instance, ConsoleKind.Text, Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_worker_without_the_tickets_secret_is_not_let_in()
    {
        var ticket = await IssueAsync(ConsoleKind.Text);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {Convert.ToBase64String(new byte[32])}");
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address($"/console/worker/{ticket.Id}"), Ct));
        Assert.Equal(HttpStatusCode.NotFound, socket.HttpStatusCode);
    }

    [Fact]
    public async Task A_second_session_takes_the_console_over()
    {
        using var first = await OpenAsync(await IssueAsync(ConsoleKind.Text));
        await ReadUntilAsync(first, "login: ");
        using var second = await OpenAsync(await IssueAsync(ConsoleKind.Text));
        await ReadUntilAsync(second, "login: ");
        Assert.Equal("The console was opened elsewhere.", (await CloseOfAsync(first)).Reason);
    }

    [Fact]
    public async Task A_revoked_session_closes_its_consoles()
    {
        using var socket = await OpenAsync(await IssueAsync(ConsoleKind.Text));
        await ReadUntilAsync(socket, "login: ");
        await using (var db = CreateDbContext())
        {
            await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, DateTimeOffset.UnixEpoch), Ct);
        }

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, (await CloseOfAsync(socket)).Status);
    }

    [Fact]
    public async Task When_the_engine_refuses_the_browser_is_told_why()
    {
        engine.FailOnce(nameof(IComputeEngine.OpenConsoleAsync), FaultPoint.Before);
        using var socket = await OpenAsync(await IssueAsync(ConsoleKind.Text));
        Assert.Contains("temporarily unavailable", (await CloseOfAsync(socket)).Reason, StringComparison.Ordinal);
    }

    private static Actor ActorOf(Person person) => new(person.AccountId, person.UserId, person.Email, IPAddress.Loopback);

    private async Task<IssuedTicket> IssueAsync(ConsoleKind kind)
    {
        var issued = await server.Services.GetRequiredService<ConsoleTickets>().IssueAsync(ActorOf(ada), instance, kind, Ct);
        Assert.Null(issued.Reason);
        return issued.Value!;
    }

    private Uri Address(string path) => new UriBuilder(new Uri(server.Address, path)) { Scheme = "ws" }.Uri;

    private ClientWebSocket NewSocket(IssuedTicket ticket, FormClient client, string? origin)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", client.CookieHeader);
        socket.Options.SetRequestHeader("Origin", origin ?? server.Address.GetLeftPart(UriPartial.Authority));
        socket.Options.AddSubProtocol(ConsoleEndpoints.Protocol);
        socket.Options.AddSubProtocol(ticket.Secret);
        socket.Options.CollectHttpResponseDetails = true;
        return socket;
    }

    private async Task<ClientWebSocket> OpenAsync(IssuedTicket ticket)
    {
        var socket = NewSocket(ticket, browser, null);
        await socket.ConnectAsync(Address($"/console/{ticket.Id}"), Ct);
        return socket;
    }

    private async Task<HttpStatusCode> RefusalAsync(IssuedTicket ticket, FormClient client, string? origin = null)
    {
        using var socket = NewSocket(ticket, client, origin);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address($"/console/{ticket.Id}"), Ct));
        return socket.HttpStatusCode;
    }

    private static async Task<string> ReadUntilAsync(ClientWebSocket socket, string wanted)
    {
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        while (!text.ToString().Contains(wanted, StringComparison.Ordinal))
        {
            var received = await socket.ReceiveAsync(buffer, Ct);
            Assert.True(received.MessageType is WebSocketMessageType.Binary, $"Closed after “{text}”: {socket.CloseStatusDescription}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
        }

        return text.ToString();
    }

    private static async Task<(WebSocketCloseStatus? Status, string? Reason)> CloseOfAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        while ((await socket.ReceiveAsync(buffer, Ct)).MessageType is not WebSocketMessageType.Close) { }

        return (socket.CloseStatus, socket.CloseStatusDescription);
    }
}
