using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (e) Signed webhooks, each stored durably before it is answered: at 300 a second, and as many as there can be, beside pgbench's
/// single-row inserts.
/// </summary>
internal static partial class WebhookRate
{
    private const int PerSecond = 300;
    private const int Seconds = 10;
    private const int WarmUpSeconds = 3;
    private const int Clients = 16;
    private const string Secret = "whsec_benchmark";

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var web = await PortalServer.StartAsync(database, settings: ("Stripe:WebhookSecret", Secret));
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = web.Address };
        await using var source = NpgsqlDataSource.Create(database);
        await using (var make = source.CreateCommand("CREATE TABLE bench_rows (id bigserial PRIMARY KEY, payload text NOT NULL)"))
        {
            await make.ExecuteNonQueryAsync();
        }

        var (paced, inserts) = await PacedAsync(() => SendAsync(http), () => InsertAsync(source));
        var rate = await AsFastAsPossibleAsync(http);
        var bare = await PgbenchAsync(database);
        return
        [
            new Figure(
                "(e) webhook at 300/s, signed and stored durably, p99",
                Figure.Percentile(paced, 0.99),
                "ms",
                Figure.Percentile(inserts, 0.99),
                20
            ),
            new Figure("(e) webhooks per second, beside pgbench's inserts", rate, "per second", bare),
        ];
    }

    /// <summary>
    /// Second by second in turn, so that whatever else the machine does meets both: webhooks, and the bare insert of one row at the same
    /// pace. The first seconds, in which the code is compiled, are not counted.
    /// </summary>
    private static async Task<(IReadOnlyList<double> Webhooks, IReadOnlyList<double> Inserts)> PacedAsync(
        Func<Task<double>> webhook,
        Func<Task<double>> insert
    )
    {
        var (webhooks, inserts) = (new List<double>(), new List<double>());
        for (var second = -WarmUpSeconds; second < Seconds; second++)
        {
            var (sent, inserted) = (await SecondAsync(webhook), await SecondAsync(insert));
            if (second >= 0)
            {
                webhooks.AddRange(sent);
                inserts.AddRange(inserted);
            }
        }

        return (webhooks, inserts);
    }

    private static async Task<double[]> SecondAsync(Func<Task<double>> send)
    {
        var sent = new List<Task<double>>();
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (sent.Count < PerSecond)
        {
            await timer.WaitForNextTickAsync();
            var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * PerSecond);
            while (sent.Count < Math.Min(due, PerSecond))
            {
                sent.Add(send());
            }
        }

        return await Task.WhenAll(sent);
    }

    private static async Task<double> InsertAsync(NpgsqlDataSource source)
    {
        var start = Stopwatch.GetTimestamp();
        await using var insert = source.CreateCommand("INSERT INTO bench_rows (payload) VALUES (repeat('x', 150))");
        await insert.ExecuteNonQueryAsync();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<double> AsFastAsPossibleAsync(HttpClient http)
    {
        var start = Stopwatch.GetTimestamp();
        var count = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, Clients)
                .Select(async _ =>
                {
                    while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(Seconds / 2))
                    {
                        await SendAsync(http);
                        Interlocked.Increment(ref count);
                    }
                })
        );
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> SendAsync(HttpClient http)
    {
        var created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var body =
            $$$$"""{"id":"evt_{{{{Guid.NewGuid():N}}}}","object":"event","type":"benchmark.event","created":{{{{created}}}},"data":{"object":{"id":"obj_1","object":"thing"}}}""";
        var signature = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{created}.{body}"))
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("webhooks/stripe", UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        request.Headers.Add("Stripe-Signature", $"t={created},v1={signature}");
        var start = Stopwatch.GetTimestamp();
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Transactions per second of one durable single-row insert each, by as many clients.</summary>
    private static async Task<double> PgbenchAsync(string database)
    {
        var connection = new NpgsqlConnectionStringBuilder(database);
        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, "INSERT INTO bench_rows (payload) VALUES (repeat('x', 150));\n");
        var start = new ProcessStartInfo(
            Pgbench(),
            [
                "-n",
                "-f",
                script,
                "-c",
                $"{Clients}",
                "-j",
                "2",
                "-T",
                $"{Seconds / 2}",
                "-h",
                "127.0.0.1",
                "-p",
                $"{connection.Port}",
                "-U",
                connection.Username!,
                connection.Database!,
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PGPASSWORD"] = connection.Password;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(script);
        return double.Parse(Tps().Match(output).Groups["tps"].Value, CultureInfo.InvariantCulture);
    }

    private static string Pgbench() =>
        Directory.EnumerateFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();

    [GeneratedRegex("tps = (?<tps>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tps();
}
