using System.IO.Compression;
using System.Net;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>
/// The first boot of the real Debian, with what its cloud-init makes of user data. Under emulation it takes minutes, and its image is built
/// first where it is not there.
/// </summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
[Trait("Length", "long")]
public sealed class DebianFirstBootTests(TestEngine engine)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private const string Message = """
        Content-Type: multipart/mixed; boundary="==part=="
        MIME-Version: 1.0

        --==part==
        Content-Type: text/x-shellscript; charset="utf-8"

        #!/bin/sh
        echo "script $(id -un) $(hostname)" > /root/from-script
        --==part==
        Content-Type: text/cloud-config; charset="utf-8"

        #cloud-config
        write_files:
        - path: /root/from-config
          content: config
        --==part==--

        """;

    [Fact]
    public async Task A_script_and_a_cloud_config_in_a_packed_MIME_message_are_both_done()
    {
        await ImageAsync();
        var typed = UserData.OfFile(Packed(Message));
        Assert.Null(UserData.Check(typed).Reason);
        var machine = AMachine(typed);
        await engine.Engine.EnsureNetworkAsync(ANetwork.Of(machine), Ct);
        await engine.Engine.EnsureVolumeAsync(machine.Volumes[0].Volume, Ct);
        await engine.Engine.EnsureMachineAsync(machine, Ct);
        await Until.TrueAsync(
            async () => await engine.Engine.ObserveAsync(machine, Ct) is { SshAnswers: true, HostKey: not null },
            Patience
        );

        // It answers before cloud-init's last stage, in which scripts run.
        await Until.TrueAsync(
            async () => !(await engine.SshAsync(machine, "cloud-init status || true")).Contains("running", StringComparison.Ordinal),
            Patience
        );
        Assert.Equal("status: done", await engine.SshAsync(machine, "cloud-init status"));
        Assert.Equal("config", await engine.SshAsync(machine, "sudo cat /root/from-config"));
        Assert.Equal($"script root {machine.HostName}", await engine.SshAsync(machine, "sudo cat /root/from-script"));

        await engine.Engine.RemoveAsync(machine, Ct);
        await engine.Engine.RemoveVolumeAsync(machine.Volumes[0].Volume.Id, Ct);
        await engine.Engine.RemoveNetworkAsync(machine.NetworkId, Ct);
    }

    /// <summary>Kept from one run to the next, as the tiny one is.</summary>
    private async Task ImageAsync()
    {
        var cache = Path.Combine(TestPostgres.Repository, ".portal", "cache");
        await TestPostgres.RunAsync("bin/image-debian", cache);
        await TestEngine.RunAsync("cp", Path.Combine(cache, "images", "debian-12.qcow2"), Path.Combine(engine.Folder, "images"));
    }

    private InstanceSpec AMachine(string userData)
    {
        var (id, networkInterface) = (ResourceIds.New("i"), ResourceIds.New("eni"));
        var root = new VolumeSpec(ResourceIds.New("vol"), "acc-1", 4, 1000, 100, null) { ImageFile = "debian-12.qcow2" };
        return new InstanceSpec(
            id,
            "acc-1",
            $"m-{id[^6..]}",
            1,
            1024,
            [new VolumeAttachment(root, Volume.RootDevice)],
            "debian",
            engine.PublicKey,
            userData,
            ResourceIds.New("vpc"),
            [
                new InterfaceSpec(
                    networkInterface,
                    IPNetwork.Parse("10.0.0.0/24"),
                    IPAddress.Parse("10.0.0.1"),
                    IPAddress.Parse("10.0.0.60"),
                    NetworkInterface.MacOf(networkInterface)
                ),
            ],
            TestPostgres.FreePort(),
            MachinePower.Running,
            Force: false,
            0
        );
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
