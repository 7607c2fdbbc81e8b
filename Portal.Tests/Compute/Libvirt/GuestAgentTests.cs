using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>Agents of customers' own making, on the other side of a socket such as QEMU's.</summary>
public sealed class GuestAgentTests : IDisposable
{
    private const string Silence = "The agent in the guest did not answer.";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("portal-test-agent-");
    private readonly FakeTimeProvider clock = new();
    private readonly AgentSlots slots = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_is_asked_one_thing_after_the_other_and_late_answers_to_others_are_passed_over()
    {
        await using var guest = new Guest(
            folder,
            (line, id) =>
                id is null
                    ? "{\"return\": {}}\n"
                    : $"{{\"return\": 1}}\n{{\"error\": {{}}}}\n\xff{{\"return\": 7}}\n\xff{{\"return\": {id}}}\n"
        );
        using (var agent = await OpenAsync())
        {
            await agent.SetPasswordAsync("ada", "$6$hash", Ct);
            await agent.AddKeyAsync("ada", "ssh-ed25519 AAAA ada@home", Ct);
            await agent.RemoveKeyAsync("ada", "ssh-ed25519 BBBB ada@home", but: "ssh-ed25519 BBBB", Ct);
            await agent.FreezeAsync(Ct);
            await agent.ThawAsync();
        }

        Assert.Equal(
            [
                """{"execute":"guest-set-user-password","arguments":{"username":"ada","password":"JDYkaGFzaA==","crypted":true}}""",
                """{"execute":"guest-ssh-add-authorized-keys","arguments":{"username":"ada","keys":["ssh-ed25519 AAAA ada@home"]}}""",
                """{"execute":"guest-ssh-remove-authorized-keys","arguments":{"username":"ada","keys":["ssh-ed25519 BBBB ada@home"]}}""",
                """{"execute":"guest-fsfreeze-freeze"}""",
                """{"execute":"guest-fsfreeze-thaw"}""",
            ],
            guest.Told.Skip(1)
        );
        AllPlacesAreFree();
    }

    /// <summary>It ends at once, without the clock going on.</summary>
    [Theory]
    [InlineData("nonsense\n")]
    [InlineData("\n")]
    [InlineData("[]\n")]
    [InlineData("{}\n")]
    [InlineData("null\n")]
    [InlineData("{\"return\": {}} {\"return\": {}}\n")]
    [InlineData("deep")]
    [InlineData("endless line")]
    [InlineData("ends")]
    public async Task An_agent_that_says_anything_else_did_not_answer(string said)
    {
        await using var guest = new Guest(
            folder,
            (_, id) =>
                id is not null ? $"\xff{{\"return\": {id}}}\n"
                : said is "deep" ? $"{{\"return\": {new string('[', 20)}{new string(']', 20)}}}\n"
                : said is "endless line" ? new string('[', 2 * GuestAgent.MostBytes)
                : said is "ends" ? null
                : said
        );
        using (var agent = await OpenAsync())
        {
            await FailsAsync(EngineFault.Unavailable, Silence, () => agent.SetPasswordAsync("ada", "hash", Ct));
        }

        AllPlacesAreFree();
    }

    [Theory]
    [InlineData("endless line")]
    [InlineData("endless lines")]
    [InlineData("endless answers to others")]
    [InlineData("ends")]
    public async Task An_agent_that_does_not_even_begin_is_given_up(string said)
    {
        await using var guest = new Guest(
            folder,
            (_, _) =>
                said switch
                {
                    "endless line" => new string('[', 2 * GuestAgent.MostBytes),
                    "endless lines" => new string('\n', 2 * GuestAgent.MostBytes),
                    "endless answers to others" => string.Concat(Enumerable.Repeat("\xff{\"return\": 1}\n", GuestAgent.MostBytes / 8)),
                    _ => null,
                }
        );
        await FailsAsync(EngineFault.Unavailable, Silence, OpenAsync);
        AllPlacesAreFree();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\xff{\"return\": 1}\n")]
    [InlineData("\xff{\"return\": \"1\"}\n")]
    [InlineData("{\"return\"")]
    public async Task An_agent_that_takes_its_time_has_ten_seconds(string said)
    {
        await using var guest = new Guest(folder, (_, _) => said);
        var asked = FailsAsync(EngineFault.Unavailable, Silence, OpenAsync);
        await Until.TrueAsync(() => guest.Told.Count > 0);
        clock.Advance(GuestAgent.Patience - TimeSpan.FromSeconds(1));
        Assert.False(asked.IsCompleted);
        await LaterAsync(asked);
        AllPlacesAreFree();
    }

    [Fact]
    public async Task What_a_refusal_says_is_left_out()
    {
        await using var guest = new Guest(
            folder,
            (_, id) => id is null ? """{"error": {"class": "GenericError", "desc": "forged"}}""" + "\n" : $"\xff{{\"return\": {id}}}\n"
        );
        using var agent = await OpenAsync();
        var refused = await FailsAsync(
            EngineFault.Rejected,
            "The guest refuses to do it.",
            () => agent.SetPasswordAsync("ada", "hash", Ct)
        );
        Assert.DoesNotContain("forged", $"{refused} {refused.Detail}", StringComparison.Ordinal);
    }

    /// <summary>Nobody else would thaw what it freezes after all.</summary>
    [Fact]
    public async Task An_agent_that_is_late_with_freezing_is_told_to_thaw()
    {
        await using var guest = new Guest(folder, (_, id) => id is null ? "" : $"\xff{{\"return\": {id}}}\n");
        using var agent = await OpenAsync();
        var asked = FailsAsync(EngineFault.Unavailable, Silence, () => agent.FreezeAsync(Ct));
        await LaterAsync(asked);
        await Until.TrueAsync(() => guest.Told is [_, _, """{"execute":"guest-fsfreeze-thaw"}"""]);
    }

    [Fact]
    public async Task Where_nobody_listens_it_cannot_be_reached()
    {
        await FailsAsync(EngineFault.Unavailable, "The agent in the guest cannot be reached.", OpenAsync);
        AllPlacesAreFree();
    }

    public void Dispose() => folder.Delete(recursive: true);

    private Task<GuestAgent> OpenAsync() =>
        GuestAgent.OpenAsync(Path.Combine(folder.FullName, GuestAgent.Port), slots.TryTake("acc-1")!, clock, Ct);

    private Task LaterAsync(Task asked) =>
        Until.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return asked.IsCompleted;
        });

    private void AllPlacesAreFree() => Assert.All(Enumerable.Range(0, AgentSlots.PerAccount), _ => Assert.NotNull(slots.TryTake("acc-1")));

    private static async Task<EngineException> FailsAsync(EngineFault fault, string message, Func<Task> ask)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(ask);
        Assert.Equal((fault, message), (failure.Fault, failure.Message));
        return failure;
    }

    /// <summary>Says to each line what it is made to, and hangs up for null.</summary>
    private sealed class Guest : IAsyncDisposable
    {
        private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly CancellationTokenSource end = new();
        private readonly List<string> told = [];
        private readonly Task answering;

        public Guest(DirectoryInfo folder, Func<string, int?, string?> answer)
        {
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, GuestAgent.Port)));
            listener.Listen(1);
            answering = AnswerAsync(answer);
        }

        public IReadOnlyList<string> Told
        {
            get
            {
                lock (told)
                {
                    return [.. told];
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await end.CancelAsync();
            await answering;
            listener.Dispose();
            end.Dispose();
        }

        private async Task AnswerAsync(Func<string, int?, string?> answer)
        {
            try
            {
                using var socket = await listener.AcceptAsync(end.Token);
                await using var stream = new NetworkStream(socket);
                using var reader = new StreamReader(stream, Encoding.Latin1);
                while (await reader.ReadLineAsync(end.Token) is { } line)
                {
                    lock (told)
                    {
                        told.Add(line);
                    }

                    if (answer(line, IdOf(line)) is not { } said)
                    {
                        return;
                    }

                    await stream.WriteAsync(Encoding.Latin1.GetBytes(said), end.Token);
                }
            }
            catch (Exception over) when (over is OperationCanceledException or IOException or SocketException)
            {
                // Who asked has turned away.
            }
        }

        /// <summary>Which a question is to be answered by that begins the conversation.</summary>
        private static int? IdOf(string line) =>
            line[0] is '\xff' ? JsonDocument.Parse(line[1..]).RootElement.GetProperty("arguments").GetProperty("id").GetInt32() : null;
    }
}
