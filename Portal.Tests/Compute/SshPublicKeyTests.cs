using Portal.Model.Compute;

namespace Portal.Tests.Compute;

public sealed class SshPublicKeyTests
{
    // All made for these tests with ssh-keygen, which also printed the fingerprints; nobody has the private halves.
    private const string Rsa2048 = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDI1/0upz2/zKZZYBZE5rM128Ma5c4BxLD5ao4nPGRjDvsezm6UQ8q4UW/rvfPaXzjIGoWPxE9uiOYXlHRCBukBDsKukV00Jy7BqX5LRkvRqbYk3E7mW9oT9L9t3wnhprwooK8I8P/dncc/VFjppUNhqHqcqdJwqKE6jA0jOtMnK4MQZFT4ehpReyIX+cEGT5na5KAH3n6eiMZXpMbNanBsd0A3opYCoU2s18akQZd0auQxYX7SqGhFHoxfvwoZsXcNfIDpR7zqL3O5BOR/dGun/VYSoGejmv6J5vqlwBZwhgQZ4Xzdo1C04CL3iPgdYKBaDZ+W3BC+JwrLqLsGhQPl rsa";
    private const string Rsa1024 = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDHTrzvTFAzyO2sAxiLTLZQwx0VTF5ZWC4l9KZlJEUoZd3IIuCD++5tKKk8bRCoO2ftbDrRfibb7Qb/tfZ53U/Dq5+URJNbqENqOOESPVY45ertnQrAd0mQYvZzFwn/mbtNAabxx28OlDJzWuk6FRJyjArh733PIzrviQR2QkIXOQ== root@vm";
    private const string Nistp256 = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCS6ZRLCpx1msMxfHTpVG0XdCb8PYBEDUcJoIA2EIdg21zq8hKspraId8C0BVOuD2nupjCvFzflzFecnvFWg/QM= ec";
    private const string Nistp521 = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADz95aGlKJjdhZh8ya7SeOOzR8r8KITPrOtPC4JOJhaml1E4am7c1UaU/eltQgXYVCOIKqfeKv8X7Q7NHw2mVksCgG2u83Ib9IgrkNSNgNj/yuCDVoNYSVRJRF5BS3bI02yEH514R5NvMyEo1bsqMqKibXCMGrxATrxnFkwtqy/Y8PDsw== ec5";

    [Theory]
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
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----", "private key")]
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
    public void A_point_that_is_not_on_its_curve_is_refused()
    {
        var parts = Nistp256.Split(' ');
        var blob = Convert.FromBase64String(parts[1]);
        blob[^1] ^= 1;
        Assert.Contains("damaged", SshPublicKey.Parse($"{parts[0]} {Convert.ToBase64String(blob)}").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_after_the_key_are_refused()
    {
        var parts = AnAccount.Ed25519.Split(' ');
        var blob = Convert.FromBase64String(parts[1]).Append((byte)0).ToArray();
        Assert.Contains("damaged", SshPublicKey.Parse($"{parts[0]} {Convert.ToBase64String(blob)}").Reason, StringComparison.Ordinal);
    }
}
