using System.Globalization;
using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>
/// The commands that lead to an instance's shell and accept no other machine in its place: its host key was read from its own serial
/// console, so nobody is asked to trust a fingerprint.
/// </summary>
/// <param name="Command">
/// One line for OpenSSH 8.5 and later. <c>KnownHostsCommand</c> because ssh closes what <c>&lt;(…)</c> would open, and nothing is left in
/// known_hosts.
/// </param>
/// <param name="KnownHosts">For older clients and other tools: appends the key to known_hosts.</param>
/// <param name="Plain">Without a pinned key; what there is before the host key is known.</param>
public sealed record SshLine(string? Command, string? KnownHosts, string Plain)
{
    /// <param name="keyFile">Where the browser saved the private key, if it did: a bare file name.</param>
    public static SshLine? Of(string id, string? hostKey, string user, string host, int? port, string? keyFile)
    {
        if (port is not { } number)
        {
            return null;
        }

        var at = number.ToString(CultureInfo.InvariantCulture);
        var file = keyFile is null ? "" : $"-i ~/Downloads/{keyFile} ";
        var plain = $"ssh {file}-p {at} {user}@{host}";
        if (hostKey is null || !SshPublicKey.Parse(hostKey).IsDone)
        {
            return new SshLine(null, null, plain);
        }

        // What the guest printed is put into a shell's line: only the type and the base64, which have been parsed, go there.
        var key = string.Join(' ', hostKey.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2));
        return new SshLine(
            $"ssh {file}-p {at} -o HostKeyAlias={id} -o 'KnownHostsCommand=/bin/echo {id} {key}' -o StrictHostKeyChecking=yes {user}@{host}",
            $"echo '[{host}]:{at} {key}' >> ~/.ssh/known_hosts",
            plain
        );
    }

    /// <summary>A downloaded file can be read by everybody, and ssh refuses such a key.</summary>
    public static string Protect(string keyFile) => $"chmod 600 ~/Downloads/{keyFile}";
}
