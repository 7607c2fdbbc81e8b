using Portal.Model.Compute;

namespace Portal.Tests.Compute;

public sealed class SshPublicKeyTests
{
    // All made for these tests with ssh-keygen, which also printed the fingerprints; nobody has the private halves.
    private const string Rsa2048 =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDI1/0upz2/zKZZYBZE5rM128Ma5c4BxLD5ao4nPGRjDvsezm6UQ8q4UW/rvfPaXzjIGoWPxE9uiOYXlHRCBukBDsKukV00Jy7BqX5LRkvRqbYk3E7mW9oT9L9t3wnhprwooK8I8P/dncc/VFjppUNhqHqcqdJwqKE6jA0jOtMnK4MQZFT4ehpReyIX+cEGT5na5KAH3n6eiMZXpMbNanBsd0A3opYCoU2s18akQZd0auQxYX7SqGhFHoxfvwoZsXcNfIDpR7zqL3O5BOR/dGun/VYSoGejmv6J5vqlwBZwhgQZ4Xzdo1C04CL3iPgdYKBaDZ+W3BC+JwrLqLsGhQPl rsa";
    private const string Rsa1024 =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDHTrzvTFAzyO2sAxiLTLZQwx0VTF5ZWC4l9KZlJEUoZd3IIuCD++5tKKk8bRCoO2ftbDrRfibb7Qb/tfZ53U/Dq5+URJNbqENqOOESPVY45ertnQrAd0mQYvZzFwn/mbtNAabxx28OlDJzWuk6FRJyjArh733PIzrviQR2QkIXOQ== root@vm";
    private const string Nistp256 =
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCS6ZRLCpx1msMxfHTpVG0XdCb8PYBEDUcJoIA2EIdg21zq8hKspraId8C0BVOuD2nupjCvFzflzFecnvFWg/QM= ec";
    private const string Nistp521 =
        "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADz95aGlKJjdhZh8ya7SeOOzR8r8KITPrOtPC4JOJhaml1E4am7c1UaU/eltQgXYVCOIKqfeKv8X7Q7NHw2mVksCgG2u83Ib9IgrkNSNgNj/yuCDVoNYSVRJRF5BS3bI02yEH514R5NvMyEo1bsqMqKibXCMGrxATrxnFkwtqy/Y8PDsw== ec5";

    // As a FIDO device's keys are printed; the points are those of the keys above.
    private const string Ed25519InDevice =
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2AAAABHNzaDo= yubi";
    private const string EcdsaInDevice =
        "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBCS6ZRLCpx1msMxfHTpVG0XdCb8PYBEDUcJoIA2EIdg21zq8hKspraId8C0BVOuD2nupjCvFzflzFecnvFWg/QMAAAAEc3NoOg== yubi-ec";

    [Theory]
    [InlineData(Ed25519InDevice, "SHA256:u5GmxDxPzhE9mKx3vHQzWt39T1ir2NyXw3ml2j1oGTQ", "yubi")]
    [InlineData(EcdsaInDevice, "SHA256:3NMSuU1x6CQZA+9U0dqSHqwsV8Wk/aa5abqjf1r5ng0", "yubi-ec")]
    [InlineData(AnAccount.Ed25519, "SHA256:et/aNf9RCW/dowAQnBRCIiRMDuwRQkiSyFqctQSUnQM", "ada@example.com")]
    [InlineData(Rsa2048, "SHA256:Lmg1a4GXTPW1ATj3/uUFWEcZVoms4Hb6XHpOu0qJQMo", "rsa")]
    [InlineData(Nistp256, "SHA256:4hkAglbMSjn0Qikn20AyrxtLKjjFMtobYfsS2k8EKn0", "ec")]
    [InlineData(Nistp521, "SHA256:K2RzON3rsOT7Y6/JHwfIeUFwOATzh2LitbeNrzLBOGA", "ec5")]
    public void A_good_key_is_known_by_the_fingerprint_that_ssh_keygen_prints(string line, string fingerprint, string comment)
    {
        var key = SshPublicKey.Parse($"  {line}\r\n").Value!;
        Assert.Equal((line, fingerprint, comment), (key.Line, key.Fingerprint, key.Comment));
    }

    [Theory]
    [InlineData(null, "Paste the public key")]
    [InlineData("  ", "Paste the public key")]
    [InlineData(
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----",
        "This is a private key: keep it to yourself; nothing was saved. Paste the line of the file that ends in .pub; if there is none, it is printed by: ssh-keygen -y -f FILE"
    )]
    [InlineData("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB", "This is a private key: keep it")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----", "This is a private key: keep it")]
    [InlineData("-----BEGIN PRIVATE KEY-----", "This is a private key, in the form of PKCS #8: keep it to yourself")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----", "This is a private key, in the form of PKCS #8: keep it to yourself")]
    [InlineData(
        "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: me\r\nPublic-Lines: 2",
        "This is PuTTY's private key: keep it to yourself; nothing was saved. Open the file in PuTTYgen and copy what it shows under"
    )]
    [InlineData("Private-Lines: 1\nAAAAIGDFaA90r54sd0eK37PMWF9tlTwFh", "run: puttygen FILE.ppk -L")]
    [InlineData("-----BEGIN PUBLIC KEY-----", "form of PKCS #8. Turn it into OpenSSH's with: ssh-keygen -i -m PKCS8 -f FILE")]
    [InlineData("-----BEGIN RSA PUBLIC KEY-----", "ssh-keygen -i -m PEM -f FILE")]
    [InlineData("ssh-ed25519-cert-v01@openssh.com AAAA", "This is a certificate")]
    [InlineData("-----BEGIN PGP PUBLIC KEY BLOCK-----", "PGP key")]
    [InlineData("\uFEFF" + AnAccount.Ed25519, "byte order mark")]
    [InlineData("ssh-ed25519\u00A0AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2", "non-breaking space")]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2\u00A0me", "non-breaking space")]
    [InlineData("ssh-ed25519 AAAA\u200BC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2", "U+200B")]
    [InlineData("ssh–ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2", "plain hyphen")]
    [InlineData("\"" + AnAccount.Ed25519 + "\"", "in quotes")]
    [InlineData("“" + AnAccount.Ed25519 + "”", "in quotes")]
    [InlineData("sk-ssh-ed25519@openssh.com AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2", "damaged")]
    [InlineData(
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2",
        "damaged"
    )]
    [InlineData("---- BEGIN SSH2 PUBLIC KEY ----", "ssh-keygen -i")]
    [InlineData(AnAccount.Ed25519 + "\n" + AnAccount.Ed25519, "more than one line")]
    [InlineData("command=\"id\" " + AnAccount.Ed25519, "options before it")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3MAAACBAA==", "A key begins with")]
    [InlineData("ssh-ed25519", "not base64")]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMex", "damaged")]
    [InlineData("ssh-ed25519 !!!!", "not base64")]
    [InlineData("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2", "damaged")]
    [InlineData(Rsa1024, "1024 bits")]
    [InlineData("ssh-ed25519 AAAA \u001b[31mred", "control character")]
    public void Anything_else_is_refused_with_a_sentence(string? line, string reason) =>
        Assert.Contains(reason, SshPublicKey.Parse(line).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_comment_may_hold_what_a_key_may_not() =>
        Assert.Equal(
            "Jo’s\u00A0MacBook “home”",
            SshPublicKey.Parse($"{string.Join(' ', AnAccount.Ed25519.Split(' ')[..2])} Jo’s\u00A0MacBook “home”").Value!.Comment
        );

    [Theory]
    [InlineData(Nistp256, 1)]
    [InlineData(EcdsaInDevice, 9)]
    public void A_point_that_is_not_on_its_curve_is_refused(string line, int fromEnd)
    {
        var parts = line.Split(' ');
        var blob = Convert.FromBase64String(parts[1]);
        blob[^fromEnd] ^= 1;
        Assert.Contains("damaged", SshPublicKey.Parse($"{parts[0]} {Convert.ToBase64String(blob)}").Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AnAccount.Ed25519)]
    [InlineData(Nistp521)]
    [InlineData(Ed25519InDevice)]
    [InlineData(EcdsaInDevice)]
    public void Bytes_after_the_key_are_refused(string line)
    {
        var parts = line.Split(' ');
        var blob = Convert.FromBase64String(parts[1]).Append((byte)0).ToArray();
        Assert.Contains("damaged", SshPublicKey.Parse($"{parts[0]} {Convert.ToBase64String(blob)}").Reason, StringComparison.Ordinal);
    }
}
