using System.Net;
using MailKit.Security;
using Portal.Model.Shared;

namespace Portal.Worker.Accounts;

/// <summary>The mail server, from the configuration's section <c>Smtp</c>. Without a host mails wait.</summary>
public sealed class SmtpSettings
{
    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>
    /// <c>StartTls</c>, <c>Tls</c> (from the first byte) or <c>None</c>. Unset: none on this machine, StartTls elsewhere.
    /// </summary>
    public string? Tls { get; set; }

    public string From { get; set; } = "Portal <portal@localhost>";

    public SecureSocketOptions Security =>
        (Tls?.ToLowerInvariant(), Host) switch
        {
            ("starttls", _) => SecureSocketOptions.StartTls,
            ("tls", _) => SecureSocketOptions.SslOnConnect,
            ("none", _) => SecureSocketOptions.None,
            (null or "", { } host) => IsHere(host) ? SecureSocketOptions.None : SecureSocketOptions.StartTls,
            _ => throw new StartRefusedException($"Smtp__Tls is “{Tls}”; it must be StartTls, Tls or None."),
        };

    private static bool IsHere(string host) =>
        host is "localhost" || (IpText.TryAddress(host, out var address) && IPAddress.IsLoopback(address));
}
