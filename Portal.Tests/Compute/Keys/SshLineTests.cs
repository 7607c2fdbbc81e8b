using Portal.Compute;

namespace Portal.Tests.Compute;

public sealed class SshLineTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2";

    [Fact]
    public void The_command_pins_the_host_key_under_the_instances_id() =>
        Assert.Equal(
            $"ssh -p 22001 -o HostKeyAlias=i-01 -o 'KnownHostsCommand=/bin/echo i-01 {Key}' -o StrictHostKeyChecking=yes root@127.0.0.1",
            SshLine.Of("i-01", $"{Key} root@guest", "root", "127.0.0.1", 22001, null)!.Command
        );

    [Fact]
    public void A_key_made_in_this_browser_is_named_by_its_file() =>
        Assert.StartsWith(
            "ssh -i ~/Downloads/amber-falcon.pem -p 22001 ",
            SshLine.Of("i-01", Key, "root", "127.0.0.1", 22001, "amber-falcon.pem")!.Command,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("'; rm -rf ~; echo '")]
    [InlineData("ssh-ed25519 AAAA'; rm -rf ~; echo '")]
    [InlineData("ssh-ed25519 $(id)")]
    public void What_a_guest_prints_instead_of_a_key_gets_into_no_command(string printed)
    {
        var line = SshLine.Of("i-01", printed, "root", "127.0.0.1", 22001, null)!;
        Assert.Equal((null, null, "ssh -p 22001 root@127.0.0.1"), (line.Command, line.KnownHosts, line.Plain));
    }

    [Fact]
    public void A_comment_after_the_key_gets_into_no_command() =>
        Assert.DoesNotContain(
            "rm -rf",
            SshLine.Of("i-01", $"{Key} '; rm -rf ~; echo '", "root", "127.0.0.1", 22001, null)!.Command,
            StringComparison.Ordinal
        );

    [Fact]
    public void Without_a_port_there_is_no_line() => Assert.Null(SshLine.Of("i-01", Key, "root", "127.0.0.1", null, null));

    [Theory]
    [InlineData("amber-falcon", "amber-falcon.pem")]
    [InlineData("Ada's key; rm -rf ~", "Ada-s-key--rm--rf.pem")]
    [InlineData("日本", "portal-key.pem")]
    public void A_key_files_name_is_safe_in_a_shell(string name, string file) => Assert.Equal(file, SshKeyMaker.FileName(name));
}
