using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Portal.Worker.Buckets;

/// <summary>
/// Whether browsers trust whom they meet at a store's public address. Portal itself may go another way, inside, and would never notice.
/// </summary>
public static class PublicCertificate
{
    /// <summary>
    /// Why a store cannot be at this address; null if it can. An address that is not reached from here is no reason: customers' way is
    /// another.
    /// </summary>
    public static async Task<string?> WhyNotAsync(Uri endpoint, CancellationToken ct)
    {
        if (endpoint.Scheme != Uri.UriSchemeHttps)
        {
            return null;
        }

        try
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(endpoint.IdnHost, endpoint.Port, ct);
            await using var tls = new SslStream(connection.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = endpoint.IdnHost }, ct);
            return null;
        }
        catch (AuthenticationException)
        {
            return $"Browsers would not trust the certificate at {endpoint.GetLeftPart(UriPartial.Authority)}. It has to be issued for this name by an authority that they know, and be in date.";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return null;
        }
    }
}
