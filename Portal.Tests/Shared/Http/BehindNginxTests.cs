using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Shared;

/// <summary>
/// Production behind a real nginx with the very configuration that operators are shown; only names, ports and the certificate are the
/// test's.
/// </summary>
[Trait("Needs", "browser")]
public sealed class BehindNginxTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-nginx-");
    private readonly int plain = TestPostgres.FreePort();
    private readonly int secure = TestPostgres.FreePort();
    private PortalServer web = null!;
    private Process nginx = null!;
    private string? thumbprint;

    private Uri Address => new($"https://localhost:{secure}/");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        web = await PortalServer.StartAsync(
            ConnectionString,
            builder => builder.Environment.EnvironmentName = "Production",
            settings: [("Portal:Url", Address.GetLeftPart(UriPartial.Authority)), ("Portal:KnownProxies", "127.0.0.1")]
        );
        await ConfigureAsync();
        nginx = Process.Start(
            new ProcessStartInfo(
                await ProgramAsync(),
                ["-p", home.FullName, "-c", Path.Combine(home.FullName, "nginx.conf"), "-g", "daemon off;"]
            )
            {
                UseShellExecute = false,
            }
        )!;
        await Until.TrueAsync(async () =>
        {
            Assert.False(nginx.HasExited, "nginx did not start.");
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, secure, Ct);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    public override async ValueTask DisposeAsync()
    {
        nginx.Kill(entireProcessTree: true);
        await nginx.WaitForExitAsync(CancellationToken.None);
        nginx.Dispose();
        await web.DisposeAsync();
        home.Delete(recursive: true);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_page_lives_on_its_WebSocket_and_a_press_does_something()
    {
        var page = await browser.SignInAsync(web, await web.AddPersonAsync(), "/keys", through: Address);
        var socket = await page.RunAndWaitForWebSocketAsync(() => page.ReloadAsync());
        Assert.StartsWith($"wss://localhost:{secure}/_blazor", socket.Url, StringComparison.Ordinal);
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a public key" }).ClickAsync();
        await Expect(page.GetByLabel("Public key")).ToBeVisibleAsync();
        Assert.False(socket.IsClosed);
        await page.Context.DisposeAsync();
    }

    [Fact]
    public async Task Portal_sees_who_asks_and_not_what_he_says_of_himself()
    {
        var person = await web.AddPersonAsync();
        using var client = From("127.0.0.9");
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "http");
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        await using var db = CreateDbContext();
        Assert.Equal("127.0.0.9", (await db.Sessions.SingleAsync(Ct)).From!.MapToIPv4().ToString());
    }

    [Fact]
    public async Task Who_comes_in_the_clear_is_led_to_the_one_name_and_programs_are_refused()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{plain}/sign-in?returnUrl=%2Fkeys");
        request.Headers.Host = "somebody-else.example";
        using var led = await http.SendAsync(request, Ct);
        Assert.Equal(
            (HttpStatusCode.MovedPermanently, "https://localhost/sign-in?returnUrl=%2Fkeys"),
            (led.StatusCode, led.Headers.Location?.OriginalString)
        );
        using var content = new StringContent("{}");
        using var refused = await http.PostAsync(new Uri($"http://127.0.0.1:{plain}/webhooks/stripe"), content, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private FormClient From(string address) =>
        new(
            Address,
            new SocketsHttpHandler
            {
                SslOptions = { RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == thumbprint },
                ConnectCallback = async (context, ct) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                    await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, ct);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );

    /// <summary>An installed one, or Debian's unpacked: to install it would make it listen at port 80.</summary>
    private static async Task<string> ProgramAsync() =>
        File.Exists("/usr/sbin/nginx")
            ? "/usr/sbin/nginx"
            : Path.Combine(await UnpackedPackage.FolderAsync("nginx"), "usr", "sbin", "nginx");

    /// <summary>The example as it is, within what each distribution has around it.</summary>
    private async Task ConfigureAsync()
    {
        var example = await File.ReadAllTextAsync(Path.Combine(TestPostgres.Repository, "docs", "examples", "nginx.conf"), Ct);
        foreach (
            var (theirs, mine) in ((string, string)[])
                [
                    ("listen 80;", $"listen 127.0.0.1:{plain};"),
                    ("listen 443 ssl;", $"listen 127.0.0.1:{secure} ssl;"),
                    ("portal.example.com", "localhost"),
                    ("127.0.0.1:8080", $"127.0.0.1:{web.Address.Port}"),
                    ("/etc/ssl/portal", home.FullName),
                ]
        )
        {
            Assert.Contains(theirs, example, StringComparison.Ordinal);
            example = example.Replace(theirs, mine, StringComparison.Ordinal);
        }

        await WriteAsync("portal.conf", example);
        var folders = string.Join(
            '\n',
            ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(kind => $"    {kind}_temp_path {home.FullName}/{kind};")
        );
        await WriteAsync(
            "nginx.conf",
            $$"""
            worker_processes 1;
            pid {{home.FullName}}/nginx.pid;
            error_log {{home.FullName}}/error.log;
            events { }
            http {
            {{folders}}
                access_log off;
                include {{home.FullName}}/portal.conf;
            }
            """
        );
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );
        thumbprint = certificate.Thumbprint;
        await WriteAsync("fullchain.pem", certificate.ExportCertificatePem());
        await WriteAsync("privkey.pem", key.ExportPkcs8PrivateKeyPem());
    }

    private Task WriteAsync(string name, string content) => File.WriteAllTextAsync(Path.Combine(home.FullName, name), content, Ct);
}
