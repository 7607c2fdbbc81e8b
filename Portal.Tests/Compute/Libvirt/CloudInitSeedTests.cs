using System.Net;
using System.Text;
using Portal.Model.Compute;
using Portal.Worker.Engines.Libvirt;
using YamlDotNet.Serialization;

namespace Portal.Tests.Compute;

public sealed class CloudInitSeedTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFrR6t36Z/4diKF4heIR0gvFfgKOQyAFopqmCFRal53z who: \"#me\" \u00fc";

    [Fact]
    public void User_data_is_passed_on_to_the_byte()
    {
        const string script = "#!/bin/sh\r\necho 'ü: \"$HOME\"'\n\t";
        Assert.Equal(script, File("user-data", Spec() with { UserData = script }));
    }

    /// <summary>It was kept in base64, which cloud-init does not undo.</summary>
    [Fact]
    public void What_is_no_text_reaches_the_guest_as_it_was()
    {
        byte[] packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xfe];
        Assert.Equal(
            packed,
            CloudInitSeed.Files(Spec() with { UserData = UserData.OfFile(packed) }).Single(file => file.Name is "user-data").Content
        );
    }

    [Theory]
    [InlineData(
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2AAAABHNzaDo= yubi"
    )]
    [InlineData(
        "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBCS6ZRLCpx1msMxfHTpVG0XdCb8PYBEDUcJoIA2EIdg21zq8hKspraId8C0BVOuD2nupjCvFzflzFecnvFWg/QMAAAAEc3NoOg== yubi"
    )]
    public void The_key_of_a_FIDO_device_is_in_the_meta_data_too(string key) =>
        Assert.Equal(
            [SshPublicKey.Parse(key).Value!.Line],
            ((List<object>)Read("meta-data", Spec() with { PublicKey = key })["public-keys"]).Cast<string>()
        );

    [Fact]
    public void The_key_is_in_the_meta_data_whatever_its_comment_says()
    {
        var data = Read("meta-data", Spec());
        Assert.Equal([Key], ((List<object>)data["public-keys"]).Cast<string>());
        Assert.Equal("i-00000000000000001", data["instance-id"]);
        Assert.Equal("true", data["local-hostname"]);
    }

    [Fact]
    public void Without_a_key_there_is_none() =>
        Assert.DoesNotContain("public-keys", Read("meta-data", Spec() with { PublicKey = null }).Keys);

    [Fact]
    public void The_interface_is_found_by_its_mac_and_gets_its_fixed_address()
    {
        var networkInterface = (Dictionary<object, object>)((Dictionary<object, object>)Read("network-config", Spec())["ethernets"])["id0"];
        Assert.Equal("52:54:00:00:00:01", ((Dictionary<object, object>)networkInterface["match"])["macaddress"]);
        Assert.Equal(["10.0.0.10/24"], ((List<object>)networkInterface["addresses"]).Cast<string>());
    }

    [Fact]
    public void A_second_interface_gets_its_address_and_no_way_out_of_its_own()
    {
        var networkInterface = (Dictionary<object, object>)((Dictionary<object, object>)Read("network-config", Spec())["ethernets"])["id1"];
        Assert.Equal("52:54:00:00:00:02", ((Dictionary<object, object>)networkInterface["match"])["macaddress"]);
        Assert.Equal(["10.0.1.10/28"], ((List<object>)networkInterface["addresses"]).Cast<string>());
        Assert.DoesNotContain("routes", networkInterface.Keys);
    }

    [Theory]
    [InlineData("root", "false")]
    [InlineData("debian", "true")]
    public void Root_may_sign_in_only_where_the_image_says_so(string user, string disabled) =>
        Assert.Equal(disabled, Read("vendor-data", Spec() with { SshUser = user })["disable_root"]);

    private static Dictionary<string, object> Read(string file, InstanceSpec spec) =>
        new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(File(file, spec));

    private static string File(string name, InstanceSpec spec) =>
        Encoding.UTF8.GetString(CloudInitSeed.Files(spec).Single(file => file.Name == name).Content);

    private static InstanceSpec Spec() =>
        new(
            "i-00000000000000001",
            "acc-1",
            "true",
            1,
            512,
            [],
            "root",
            Key,
            null,
            "vpc-00000000000000001",
            [
                new(
                    "eni-00000000000000001",
                    IPNetwork.Parse("10.0.0.0/24"),
                    IPAddress.Parse("10.0.0.1"),
                    IPAddress.Parse("10.0.0.10"),
                    "52:54:00:00:00:01"
                ),
                new(
                    "eni-00000000000000002",
                    IPNetwork.Parse("10.0.1.0/28"),
                    IPAddress.Parse("10.0.1.1"),
                    IPAddress.Parse("10.0.1.10"),
                    "52:54:00:00:00:02"
                ),
            ],
            2201,
            MachinePower.Running,
            Force: false,
            0
        );
}
