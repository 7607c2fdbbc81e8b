using System.Net.Sockets;
using System.Text;

namespace Portal.Tests.Shared;

/// <summary>What stands between the web and its proxy are bytes: where one request ends has one answer, or the connection does.</summary>
[Trait("Needs", "database")]
public sealed class WireTests(OneServer one) : OneServerTests(one)
{
    private const string Hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static readonly string[] Ambiguous =
    [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4, 5\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length : 4\r\n",
        "Content-Length:\r\n 4\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
    ];

    [Fact]
    public async Task A_request_whose_end_could_be_read_in_two_ways_is_refused_and_what_follows_it_is_no_request()
    {
        foreach (var header in Ambiguous)
        {
            var answers = await SendAsync($"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\n{header}\r\nabcd{Hidden}");
            Assert.True(answers is ["400"], $"{header.Trim()} was answered by {string.Join(", ", answers)}.");
        }
    }

    /// <summary>
    /// RFC 9112, 6.3: where both are given the length counts for nothing. By it the next request would begin in the middle of the body.
    /// </summary>
    [Theory]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 100\r\n")]
    public async Task Chunks_end_a_request_whatever_length_it_claims(string headers)
    {
        var answers = await SendAsync($"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n4\r\nabcd\r\n0\r\n\r\n{Hidden}");
        Assert.True(answers is ["400", "200"] or ["400"], string.Join(", ", answers));
    }

    [Theory]
    [InlineData("x\r\nabcd\r\n0\r\n\r\n")]
    [InlineData("-4\r\nabcd\r\n0\r\n\r\n")]
    [InlineData("4\r\nabcdefgh\r\n0\r\n\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\nabcd\r\n0\r\n\r\n")]
    // Kestrel takes a number that is too large for a fault of its own
    public async Task A_chunk_that_is_not_as_long_as_it_says_ends_the_connection(string body) =>
        Assert.Matches(
            "^(400|500)$",
            Assert.Single(
                await SendAsync($"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{body}{Hidden}")
            )
        );

    [Theory]
    [InlineData("/")]
    [InlineData("/sign-in")]
    [InlineData("/healthz")]
    [InlineData("/portal.css")]
    [InlineData("/webhooks/stripe")]
    [InlineData("/not-there")]
    public async Task TRACE_is_not_spoken_and_gives_nothing_back(string path)
    {
        foreach (var method in (string[])["TRACE", "TRACK"])
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Server.Address, path))
            {
                Headers = { { "X-Secret", "what-was-sent" }, { "Origin", Server.Address.GetLeftPart(UriPartial.Authority) } },
            };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{method} {path} was answered by {answer.StatusCode}.");
            Assert.DoesNotContain(
                "what-was-sent",
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
        }
    }

    /// <returns>The status of each answer until the connection ends.</returns>
    private async Task<List<string>> SendAsync(string bytes)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        var ct = limit.Token;
        using var connection = new TcpClient();
        await connection.ConnectAsync(Server.Address.Host, Server.Address.Port, ct);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), ct);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var answers = new List<string>();
        try
        {
            while (await reader.ReadLineAsync(ct) is { } line)
            {
                if (line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
                {
                    answers.Add(line[9..12]);
                }
            }
        }
        catch (IOException)
        {
            // It was cut.
        }

        return answers;
    }
}
