using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.EndToEnd;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (b) From create to the first SSH banner through the published port, beside QEMU started by hand on the same image and the same seed,
/// turn by turn.
/// </summary>
internal static class CreateToSsh
{
    private const int Rounds = 5;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var engine = new TestEngine();
        await engine.InitializeAsync();
        await using var portal = await WholePortal.StartAsync(database, engine);
        var dbs = portal.Web.Services.GetRequiredService<IDbContextFactory<PortalDb>>();
        var actor = await AnAccount.ReadyAsync(dbs);
        var image = await ReadyAsync(dbs);
        var (throughPortal, raw, steps) = (new List<double>(), new List<double>(), new List<Instance>());
        for (var round = 0; round < Rounds; round++)
        {
            var (seconds, id) = await ThroughPortalAsync(portal, dbs, actor, image, engine);
            throughPortal.Add(seconds);
            raw.Add(await RawAsync(engine, dbs, id));
            await using var db = await dbs.CreateDbContextAsync();
            steps.Add(await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id));
            await TerminateAsync(portal, dbs, actor, id);
        }

        var ratios = throughPortal.Zip(raw, (portalTime, rawTime) => portalTime / rawTime);
        var baseline = Figure.Median(raw);
        return
        [
            new Figure(
                "(b) create → ssh answers through Portal, median of pairs",
                Figure.Median(ratios) * baseline,
                "s",
                baseline,
                1.15,
                BarIsRatio: true
            ),
            .. new[] { InstanceStep.Address, InstanceStep.Disk, InstanceStep.Boot, InstanceStep.Ssh }.Select(step => new Figure(
                $"    of which until the step “{step}”, median",
                Figure.Median(steps.Select(instance => (instance.StepAt(step)!.Value - instance.CreatedAt).TotalSeconds)),
                "s"
            )),
        ];
    }

    internal static async Task<Image> ReadyAsync(IDbContextFactory<PortalDb> dbs)
    {
        Image? image = null;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                image = await db.Images.FirstOrDefaultAsync(known => known.State == ImageState.Available && known.FileName == "tiny.qcow2");
                return image is not null && await db.Regions.AnyAsync(region => region.FreeVcpus > 0);
            },
            TimeSpan.FromMinutes(1)
        );
        return image!;
    }

    internal static async Task<(double Seconds, string Id)> ThroughPortalAsync(
        WholePortal portal,
        IDbContextFactory<PortalDb> dbs,
        Model.Accounts.Actor actor,
        Image image,
        TestEngine engine
    )
    {
        var start = Stopwatch.GetTimestamp();
        var made = await portal
            .Web.Services.GetRequiredService<CreateInstance>()
            .RunAsync(actor, AnAccount.Wish(image) with { PublicKey = engine.PublicKey }, default);

        // Portal's own word counts: "ssh answers" as the customer sees it, not an earlier banner.
        var id = (made.Value ?? throw new InvalidOperationException(made.Reason))[0].Id;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                return await db.Instances.AnyAsync(instance => instance.Id == id && instance.SshAt != null);
            },
            TimeSpan.FromMinutes(3)
        );
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, id);
    }

    private static async Task<double> RawAsync(TestEngine engine, IDbContextFactory<PortalDb> dbs, string id)
    {
        await using var db = await dbs.CreateDbContextAsync();
        await using var copy = new RawMachine(
            engine,
            id,
            await db.NetworkInterfaces.AsNoTracking().SingleAsync(networkInterface => networkInterface.InstanceId == id)
        );
        var start = Stopwatch.GetTimestamp();
        await copy.StartAsync();
        await Until.TrueAsync(copy.AnswersAsync, TimeSpan.FromMinutes(3));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task TerminateAsync(WholePortal portal, IDbContextFactory<PortalDb> dbs, Model.Accounts.Actor actor, string id)
    {
        await using (var db = await dbs.CreateDbContextAsync())
        {
            var instance = await db.Instances.SingleAsync(known => known.Id == id && known.AccountId == actor.AccountId);
            instance.RequestTerminate(TimeProvider.System.GetUtcNow());
            await db.SaveChangesAsync();
        }

        await Until.TrueAsync(
            async () =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                return await db.Instances.AnyAsync(instance => instance.Id == id && instance.State == InstanceState.Terminated);
            },
            TimeSpan.FromMinutes(1)
        );
    }

    /// <summary>QEMU as one would start it by hand: a fresh child of the same image, the seed that Portal made, user networking.</summary>
    private sealed class RawMachine(TestEngine engine, string id, NetworkInterface networkInterface) : IAsyncDisposable
    {
        private readonly string disk = Path.Combine(Path.GetTempPath(), $"{id}.qcow2");
        private readonly int port = TestPostgres.FreePort();
        private Process? process;

        public async Task StartAsync()
        {
            await TestEngine.RunAsync(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                "-b",
                Path.Combine(engine.Folder, "images", "tiny.qcow2"),
                disk,
                "4G"
            );
            var seed = Path.Combine(engine.Folder, "engine", "lib", "guests", id, "seed.iso");
            var kvm = engine.Settings.Virtualization.StartsWith("KVM", StringComparison.Ordinal);
            process = Process.Start(
                new ProcessStartInfo(
                    "qemu-system-x86_64",
                    [
                        "-machine",
                        "q35",
                        "-accel",
                        kvm ? "kvm" : "tcg",
                        "-cpu",
                        kvm ? "host" : "qemu64",
                        "-m",
                        "512",
                        "-smp",
                        "1",
                        "-display",
                        "none",
                        "-serial",
                        "null",
                        "-vga",
                        "std",
                        "-drive",
                        $"file={disk},format=qcow2,if=virtio,cache=writeback,discard=unmap",
                        "-drive",
                        $"file={seed},format=raw,if=virtio,readonly=on",
                        "-netdev",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"user,id=n,net=10.0.0.0/24,host=10.0.0.2,restrict=on,hostfwd=tcp:127.0.0.1:{port}-{networkInterface.Address}:22"
                        ),
                        "-device",
                        $"virtio-net-pci,netdev=n,mac={networkInterface.Mac},romfile=",
                        "-device",
                        "virtio-rng-pci",
                    ]
                )
                {
                    UseShellExecute = false,
                }
            );
        }

        /// <summary>Knocks as often as Portal does.</summary>
        public async Task<bool> AnswersAsync()
        {
            try
            {
                using var client = new TcpClient();
                using var limit = new CancellationTokenSource(100);
                await client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                var banner = new byte[4];
                return await client.GetStream().ReadAtLeastAsync(banner, 4, throwOnEndOfStream: false, limit.Token) == 4
                    && banner.AsSpan().SequenceEqual("SSH-"u8);
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
            {
                return false;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (process is not null)
            {
                process.Kill();
                await process.WaitForExitAsync();
                process.Dispose();
            }

            File.Delete(disk);
        }
    }
}
