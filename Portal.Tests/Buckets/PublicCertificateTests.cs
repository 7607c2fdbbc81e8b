using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

public sealed class PublicCertificateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_whose_certificate_no_browser_trusts_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var own = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            now.AddDays(-1),
            now.AddDays(1)
        );
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var served = ServeAsync(listener, own);
        var reason = await PublicCertificate.WhyNotAsync(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}"), Ct);
        Assert.StartsWith("Browsers would not trust the certificate at https://localhost:", reason, StringComparison.Ordinal);
        await served;
    }

    [Theory]
    [InlineData("http://localhost:1")]
    [InlineData("https://localhost:1")]
    public async Task One_that_is_not_reached_from_here_or_has_none_is_no_matter_of_certificates(string endpoint) =>
        Assert.Null(await PublicCertificate.WhyNotAsync(new Uri(endpoint), Ct));

    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var visitor = await listener.AcceptTcpClientAsync(Ct);
        await using var tls = new SslStream(visitor.GetStream());

        // The visitor leaves in the middle of it, or right after.
        await Record.ExceptionAsync(() =>
            tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.None },
                Ct
            )
        );
    }
}
