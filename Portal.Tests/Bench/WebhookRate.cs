using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>(e) Signed webhooks, each stored durably before it is answered: at 300 a second, and as many as there can be, beside pgbench's single-row inserts.</summary>
internal static partial class WebhookRate
{
    private const int PerSecond = 300;
    private const int Seconds = 10;
    private const int Clients = 16;
    private const string Secret = "whsec_benchmark";

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var web = await PortalServer.StartAsync(database, settings: ("Stripe:WebhookSecret", Secret));
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = web.Address };
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => SendAsync(http)));

        var paced = await PacedAsync(http);
        var rate = await AsFastAsPossibleAsync(http);
        var bare = await PgbenchAsync(database);
        return
        [
            new Figure("(e) webhook at 300/s, signed and stored durably, p99", Figure.Percentile(paced, 0.99), "ms", null, 20),
            new Figure("(e) webhooks per second, beside pgbench's inserts", rate, "per second", bare),
        ];
    }

    private static async Task<IReadOnlyList<double>> PacedAsync(HttpClient http)
    {
        var sent = new List<Task<double>>();
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (sent.Count < PerSecond * Seconds)
        {
            await timer.WaitForNextTickAsync();
            var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * PerSecond);
            while (sent.Count < Math.Min(due, PerSecond * Seconds))
            {
                sent.Add(SendAsync(http));
            }
        }

        return await Task.WhenAll(sent);
    }

    private static async Task<double> AsFastAsPossibleAsync(HttpClient http)
    {
        var start = Stopwatch.GetTimestamp();
        var count = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(Seconds / 2))
            {
                await SendAsync(http);
                Interlocked.Increment(ref count);
            }
        }));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> SendAsync(HttpClient http)
    {
        var created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var body = $$$$"""{"id":"evt_{{{{Guid.NewGuid():N}}}}","object":"event","type":"benchmark.event","created":{{{{created}}}},"data":{"object":{"id":"obj_1","object":"thing"}}}""";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{created}.{body}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("webhooks/stripe", UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
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
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var make = source.CreateCommand("CREATE TABLE bench_rows (id bigserial PRIMARY KEY, payload text NOT NULL)"))
        {
            await make.ExecuteNonQueryAsync();
        }

        var start = new ProcessStartInfo(Pgbench(), ["-n", "-f", script, "-c", $"{Clients}", "-j", "2", "-T", $"{Seconds / 2}", "-h", "127.0.0.1", "-p", $"{connection.Port}", "-U", connection.Username!, connection.Database!])
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

    private static string Pgbench() => Directory.EnumerateFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();

    [GeneratedRegex("tps = (?<tps>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tps();
}
