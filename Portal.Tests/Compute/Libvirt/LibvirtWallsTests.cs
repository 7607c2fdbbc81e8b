using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>What stands between guests of one host.</summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtWallsTests(TestEngine engine) : LibvirtSteps(engine)
{
    /// <summary>
    /// Whatever somebody might make a guest's QEMU do: as its user, in its mount namespace, every file, folder and socket of the engine is
    /// tried, and those of others' processes.
    /// </summary>
    [Fact]
    public async Task A_guests_user_opens_its_own_files_and_nothing_of_another_guest_or_of_the_host()
    {
        var (source, guest) = (AVolume(), await RunningMachineAsync());
        await Volumes.EnsureVolumeAsync(source, Ct);
        var snapshot = await TakeAsync(source);
        var other = AMachine(host: 44);
        other = other with
        {
            Volumes = [.. other.Volumes, new(AVolume() with { SnapshotId = snapshot.Id }, "sdb")],
            UserData = "#!/bin/sh\n: a secret",
        };
        await DefineAsync(other);

        var (pid, others) = (await Real.QemuAsync(guest.Id), await Real.QemuAsync(other.Id));
        var (uid, another) = (await UidAsync(pid), await UidAsync(others));
        Assert.True(
            Real.Settings.IsGuestsOwn(uid) && Real.Settings.IsGuestsOwn(another) && uid != another,
            $"They run as {uid} and {another}."
        );

        var tried = (
            await TestEngine.RunAsync(
                "nsenter",
                "-t",
                pid,
                "-m",
                "find",
                "/var/lib/libvirt",
                "/run/libvirt",
                "/etc/libvirt",
                "/var/log/libvirt",
                "/var/cache/libvirt",
                Real.Folder,
                Real.Settings.Run
            )
        ).Split('\n');
        string[] processes = [others, await PidAsync("libvirt/libvirtd.pid"), $"{Environment.ProcessId}"];
        tried =
        [
            .. tried,
            .. processes.SelectMany(process =>
                new[]
                {
                    $"/proc/{process}/mem",
                    $"/proc/{process}/environ",
                    $"/proc/{process}/cmdline",
                    $"/proc/{process}/fd",
                    $"/proc/{process}/root/",
                }
            ),
        ];
        Assert.Contains($"/run/libvirt/guests/{other.Id}/serial", tried);
        Assert.Contains($"/var/lib/libvirt/guests/{other.Id}/seed.iso", tried);
        Assert.Contains($"/var/lib/libvirt/guests/{other.Id}/serial.log", tried);
        Assert.Contains($"/var/lib/libvirt/snapshots/{snapshot.Id}.qcow2", tried);
        Assert.Contains($"/run/libvirt/guests/{other.Id}/agent", tried);

        var root = $"/var/lib/libvirt/volumes/{guest.Volumes[0].Volume.Id}.qcow2";
        var opened = await OpenedAsync(pid, uid, tried);
        Assert.Contains(root, opened);
        Assert.Contains($"/var/lib/libvirt/guests/{guest.Id}/seed.iso", opened);
        Assert.All(
            opened.Where(path => path != root && !path.Contains(guest.Id[..15], StringComparison.Ordinal)),
            path => Assert.Contains("/images", path, StringComparison.Ordinal)
        );

        // Its image can be read, and nothing be written to but its disk, nor any folder be changed: what libvirtd and the worker, which are
        // root, open by path lies in none of a guest's.
        Assert.Contains("/var/lib/libvirt/qemu/channel/target", tried);
        Assert.Equal([root], await OpenedAsync(pid, uid, tried, "-w"));
        Assert.Empty(
            await OpenedAsync(
                pid: null,
                uid,
                [
                    .. tried.Where(path =>
                        path.StartsWith(Real.Folder, StringComparison.Ordinal)
                        || path.StartsWith(Real.Settings.Run, StringComparison.Ordinal)
                    ),
                ],
                "-w"
            )
        );

        await RemoveAllAsync(other);
        Assert.DoesNotContain(
            $"{another}",
            Directory.GetFileSystemEntries(Path.Combine(Real.Folder, "engine", "uids")).Select(Path.GetFileName)
        );
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await Volumes.RemoveVolumeAsync(source.Id, Ct);
    }

    /// <summary>
    /// libvirtd, which is root, goes on with a machine by the path of its monitor's socket after it started anew. A link there led to
    /// another customer's machine, and libvirt gives the folder to the guest's user.
    /// </summary>
    [Fact]
    public async Task A_guests_user_cannot_make_libvirtd_drive_another_guest_in_place_of_its_own()
    {
        var (other, machine) = (await RunningMachineAsync(), AMachine(host: 46));
        await DefineAsync(machine);
        var pid = await Real.QemuAsync(machine.Id);
        var (uid, folder, another) = (await UidAsync(pid), await FolderAsync(machine), await FolderAsync(other));
        var replace =
            $"cd /var/lib/libvirt/qemu/{Path.GetFileName(folder)} && mv monitor.sock former && ln -s ../{Path.GetFileName(another)}/monitor.sock monitor.sock";
        Assert.Contains(
            "Permission denied",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => AsGuestAsync(pid, uid, replace))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "not permitted",
            (
                await Assert.ThrowsAsync<InvalidOperationException>(() =>
                    AsGuestAsync(pid, uid, $"chmod 777 /var/lib/libvirt/qemu/{Path.GetFileName(folder)}")
                )
            ).Message,
            StringComparison.Ordinal
        );

        // As an earlier version left it: it is taken from the guest before libvirtd goes on.
        await GiveAsync();
        await RestartLibvirtdAsync(machine);
        Assert.Equal((0, machine.Id, other.Id), (Libc.OwnerOf(folder), await DrivenAsync(machine), await DrivenAsync(other)));

        // And one that has been at it already loses its machine, which the worker starts again.
        await GiveAsync();
        await AsGuestAsync(pid, uid, replace);
        await RestartLibvirtdAsync(other);
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).Power is MachinePower.Off);
        Assert.Equal((0, other.Id), (Libc.OwnerOf(another), await DrivenAsync(other)));
        Assert.Equal(MachinePower.Running, (await Engine.EnsureMachineAsync(machine, Ct)).Power);
        Assert.Equal((0, machine.Id), (Libc.OwnerOf(await FolderAsync(machine)), await DrivenAsync(machine)));
        Assert.Equal(
            MachinePower.Off,
            (await Engine.EnsureMachineAsync(machine with { Power = MachinePower.Off, Force = true }, Ct)).Power
        );
        await RemoveAllAsync(machine);

        async Task GiveAsync()
        {
            await TestEngine.RunAsync("chown", $"{uid}:{uid}", folder, Path.Combine(folder, "master-key.aes"));
            await TestEngine.RunAsync("chmod", "700", folder);
        }

        async Task<string> FolderAsync(InstanceSpec of) =>
            Path.Combine(Real.Folder, "engine", "lib", "qemu", $"domain-{await Real.VirshAsync("domid", of.Id)}-{of.Id}");

        // Whose QEMU answers.
        async Task<string?> DrivenAsync(InstanceSpec of) =>
            JsonDocument
                .Parse(await Real.VirshAsync("qemu-monitor-command", of.Id, """{"execute":"query-name"}"""))
                .RootElement.GetProperty("return")
                .GetProperty("name")
                .GetString();
    }

    /// <summary>
    /// Across an upgrade a machine runs on as the user that all shared; everything goes on working with it until it stops.
    /// </summary>
    [Fact]
    public async Task A_guest_from_before_each_had_a_user_of_its_own_is_counted_and_gets_it_at_its_next_start()
    {
        var (machine, volume) = (AMachine(host: 45) with { Power = MachinePower.Off }, AVolume());
        await DefineAsync(machine);
        var root = machine.Volumes[0].Volume.Id;
        var own = OwnerOf(root);
        var before = (await Engine.CapacityAsync(Ct)).GuestsWaiting;
        await StartAsSharedUserAsync(machine, own);

        // libvirtd reads what the guest writes into a port that it knows as the agent's, so that port is closed at once.
        var libvirtd = await PidAsync("libvirt/libvirtd.pid");
        Assert.Contains($"name='{GuestAgent.NameInside}'", await Real.VirshAsync("dumpxml", machine.Id), StringComparison.Ordinal);
        await Real.StartAsync();
        Assert.DoesNotContain("<channel", await Real.VirshAsync("dumpxml", machine.Id), StringComparison.Ordinal);
        Assert.Equal(libvirtd, await PidAsync("libvirt/libvirtd.pid"));

        Assert.Equal(before + 1, (await Engine.CapacityAsync(Ct)).GuestsWaiting);
        await Volumes.EnsureVolumeAsync(volume, Ct);
        Assert.Equal(0, OwnerOf(volume.Id));
        await Volumes.EnsureAttachedAsync(new(volume, "sdb"), machine.Id, Ct);
        Assert.Equal(Real.Settings.SharedUid, OwnerOf(volume.Id));

        var both = machine with { Volumes = [.. machine.Volumes, new(volume, "sdb")] };
        Assert.Equal(MachinePower.Off, (await Engine.EnsureMachineAsync(both with { Force = true }, Ct)).Power);
        await Engine.EnsureMachineAsync(both with { Power = MachinePower.Running }, Ct);
        Assert.Equal(before, (await Engine.CapacityAsync(Ct)).GuestsWaiting);
        Assert.Contains($"/run/libvirt/guests/{machine.Id}/agent'", await Real.VirshAsync("dumpxml", machine.Id), StringComparison.Ordinal);
        Assert.Equal([own, own, own], [await UidAsync(await Real.QemuAsync(machine.Id)), OwnerOf(root), OwnerOf(volume.Id)]);

        Assert.Equal(MachinePower.Off, (await Engine.EnsureMachineAsync(both with { Force = true }, Ct)).Power);
        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
        Assert.Equal([own, 0], [OwnerOf(root), OwnerOf(volume.Id)]);
        await RemoveAllAsync(both);
    }

    [Fact]
    public async Task A_guest_has_its_shares_of_the_processors_and_a_limit_of_memory_where_the_host_has_control_groups()
    {
        var machine = await LargeMachineAsync();
        var settings = Real.Settings;
        Assert.Equal(
            settings.HasWall(GuestWalls.Processor),
            (await Real.VirshAsync("schedinfo", machine.Id))
                .Split('\n')
                .Any(line => line.StartsWith("cpu_shares", StringComparison.Ordinal) && line.EndsWith(" 200", StringComparison.Ordinal))
        );
        Assert.Equal(
            settings.HasWall(GuestWalls.Memory),
            !(await Real.VirshAsync("memtune", machine.Id)).Split('\n')[0].EndsWith("unlimited", StringComparison.Ordinal)
        );
        Assert.Equal(
            settings.HasWall("processes"),
            (await File.ReadAllLinesAsync($"/proc/{await Real.QemuAsync(machine.Id)}/limits", Ct)).Any(line =>
                line.StartsWith("Max processes             500 ", StringComparison.Ordinal)
            )
        );
    }

    /// <summary>
    /// On one processor of the host, which both want whole. Once with all that they have, and once with one busy processor in each: without
    /// shares the two would get the same then. A host without control groups, which the overview says, gives each thread as much.
    /// </summary>
    [Fact]
    public async Task Two_guests_at_full_load_on_one_host_get_their_shares()
    {
        var (large, small) = (await LargeMachineAsync(), await RunningMachineAsync());
        var guests = await Task.WhenAll(
            new[] { large, small }.Select(async machine => (Pid: await Real.QemuAsync(machine.Id), Allowed: await AllowedAsync(machine)))
        );
        var processor = guests[0].Allowed.Split(',', '-')[0];
        try
        {
            await Task.WhenAll(guests.Select(guest => TestEngine.RunAsync("taskset", "-a", "-p", "-c", processor, guest.Pid)));
            await BusyAsync(large, 2);
            await BusyAsync(small, 1);
            await IsSharedAsync(1.6, 2.5);
            await Real.SshAsync(large, "kill $(sed -n 1p /tmp/busy)");
            var (least, most) = Real.Settings.HasWall(GuestWalls.Processor) ? (1.6, 2.5) : (0.7, 1.4);
            await IsSharedAsync(least, most);
        }
        finally
        {
            await Task.WhenAll(guests.Select(guest => TestEngine.RunAsync("taskset", "-a", "-p", "-c", guest.Allowed, guest.Pid)));
            await Task.WhenAll(
                new[] { large, small }.Select(machine => Real.SshAsync(machine, "kill $(cat /tmp/busy) 2> /dev/null; rm /tmp/busy"))
            );
        }

        Task<string> BusyAsync(InstanceSpec machine, int processors) =>
            Real.SshAsync(machine, $"for n in $(seq {processors}); do (while :; do :; done > /dev/null 2>&1 & echo $! >> /tmp/busy); done");

        async Task<string> AllowedAsync(InstanceSpec machine) =>
            (await File.ReadAllLinesAsync($"/proc/{await Real.QemuAsync(machine.Id)}/status", Ct))
                .Single(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
                .Split('\t')[1];

        // All that each has had since the look began, and not the best of some moments: some seconds of the smaller one's, in how long
        // depends on what else the host does. It goes on while one that waited for something else at the beginning still weighs in it.
        async Task IsSharedAsync(double least, double most)
        {
            var (before, seconds, ratio) = ((Large: await UsedAsync(guests[0].Pid), Small: await UsedAsync(guests[1].Pid)), 0, 0.0);
            while (seconds < 2 || ratio < least || ratio > most)
            {
                Assert.True(
                    seconds++ < 12,
                    string.Create(CultureInfo.InvariantCulture, $"The larger one had {ratio:0.00} times as much as the smaller one.")
                );
                await UntilAsync(async () => await UsedAsync(guests[1].Pid) - before.Small >= 100 * seconds);
                ratio = (double)(await UsedAsync(guests[0].Pid) - before.Large) / (await UsedAsync(guests[1].Pid) - before.Small);
            }
        }

        // In hundredths of a second. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        static async Task<long> UsedAsync(string pid) =>
            (await File.ReadAllTextAsync($"/proc/{pid}/stat", Ct))
                .Split(") ")[^1]
                .Split(' ')[11..13]
                .Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture));
    }

    /// <summary>Out of QEMU a guest writes what it likes into its file; the room of all is what Portal promised to each.</summary>
    [Theory]
    [InlineData(1L << 45)]
    [InlineData(long.MaxValue)]
    public async Task What_a_guest_writes_of_its_disk_s_size_takes_nobody_s_room_and_stops_no_patrol(long size)
    {
        var volume = AVolume();
        await Volumes.EnsureVolumeAsync(volume, Ct);
        var before = (await Engine.CapacityAsync(Ct)).FreeDiskGiB;
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, size);
        await using (var header = new FileStream(new EngineFolder(Real.Folder).Volume(volume.Id), FileMode.Open))
        {
            header.Position = 24;
            await header.WriteAsync(bytes, Ct);
        }

        Assert.InRange((await Engine.CapacityAsync(Ct)).FreeDiskGiB, before - 10, before + 10);
        var snapshot = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
        var refused = await Assert.ThrowsAsync<EngineException>(() => Volumes.EnsureSnapshotAsync(snapshot, Ct));
        Assert.Equal(EngineFault.Rejected, refused.Fault);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    /// <summary>A header that names another customer's volume, and whatever else a file might make of the program that reads it.</summary>
    [Fact]
    public async Task A_program_that_reads_what_a_guest_wrote_reaches_that_file_and_nothing_else()
    {
        var (volume, others) = (AVolume(), AVolume());
        await Volumes.EnsureVolumeAsync(volume, Ct);
        await Volumes.EnsureVolumeAsync(others, Ct);
        var folder = new EngineFolder(Real.Folder);
        var (bench, file, secret) = (new Workbench(folder, new GuestUids(folder)), folder.Volume(volume.Id), folder.Volume(others.Id));
        await TestEngine.RunAsync("qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", secret, file);
        Environment.SetEnvironmentVariable("PORTAL_TEST_SECRET", "of the worker");

        // Root's own would open it.
        Assert.Contains(
            secret,
            await TestEngine.RunAsync("qemu-img", "info", "--backing-chain", "-f", "qcow2", file),
            StringComparison.Ordinal
        );
        var refused = await Assert.ThrowsAsync<EngineException>(() =>
            OnBenchAsync("qemu-img", "info", "--backing-chain", "-f", "qcow2", Path.GetFileName(file))
        );
        Assert.Contains("Permission denied", refused.Detail, StringComparison.Ordinal);

        var told = await OnBenchAsync(
            "sh",
            "-c",
            $"""
            id -u; id -G; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; awk '$1 == "CapBnd:" && $2 ~ /^0*$/ || $1 == "NoNewPrivs:" && $2 == 1' /proc/self/status | wc -l
            ulimit -v; ulimit -t; env | grep -c PORTAL
            for other in {secret} {folder.Bases} /proc/{Environment.ProcessId}/environ ../{Path.GetFileName(
                secret
            )}; do [ -r "$other" ] && echo "$other"; done
            [ -r {Path.GetFileName(file)} ] && echo own; [ -w {Path.GetFileName(
                file
            )} ] && echo writes; touch new 2> /dev/null && echo makes; true
            """
        );
        var lines = told.TrimEnd().Split('\n');
        var uid = int.Parse(lines[0], CultureInfo.InvariantCulture);
        Assert.True(Real.Settings.IsGuestsOwn(uid), told);
        Assert.Equal([$"{uid}", "lo", "2", $"{WorkLimits.MemoryBytes >> 10}", "20", "0", "own"], lines[1..]);
        Assert.Equal(
            "sleep took too long.",
            (await Assert.ThrowsAsync<EngineException>(() => OnBenchAsync(TimeSpan.FromSeconds(1), "sleep", "60"))).Message
        );

        // It sees itself and what it started, and that ends with it; nor does it fill the worker with what it prints.
        var seen = await OnBenchAsync("sh", "-c", "setsid sleep 4321 > /dev/null 2>&1 < /dev/null & ls -d /proc/[0-9]* | wc -l");
        Assert.InRange(int.Parse(seen, CultureInfo.InvariantCulture), 1, 5);
        Assert.DoesNotContain("sleep 4321", await TestEngine.RunAsync("ps", "-eo", "args"), StringComparison.Ordinal);
        Assert.Equal("yes failed.", (await Assert.ThrowsAsync<EngineException>(() => OnBenchAsync("yes"))).Message);

        // As before, and nothing is left of it.
        Assert.Equal((0, UnixFileMode.UserRead | UnixFileMode.UserWrite), (Libc.OwnerOf(file), File.GetUnixFileMode(file)));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Benches));
        Assert.DoesNotContain($"{uid}", Directory.GetFileSystemEntries(folder.Uids).Select(Path.GetFileName));
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
        await Volumes.RemoveVolumeAsync(others.Id, Ct);

        Task<string> OnBenchAsync(params object[] command) =>
            bench.RunAsync(
                volume.Id,
                [],
                [file],
                new WorkLimits(command.OfType<TimeSpan>().SingleOrDefault(TimeSpan.FromSeconds(20)), 0),
                [.. command.OfType<string>()],
                Ct
            );
    }

    /// <summary>
    /// What QEMU says on its monitor is of no bounded depth to libvirtd, which goes through it by recursion: a thread has room for 10 MiB
    /// of brackets. Its children have what is usual.
    /// </summary>
    [Fact]
    public async Task A_thread_of_libvirtd_has_room_for_all_that_a_QEMU_can_nest()
    {
        var (libvirtd, guest) = (await PidAsync("libvirt/libvirtd.pid"), await Real.QemuAsync((await RunningMachineAsync()).Id));
        Assert.Contains(
            await File.ReadAllLinesAsync($"/proc/{libvirtd}/maps", Ct),
            line =>
                line.Split(' ')[0].Split('-').Select(end => long.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray()
                    is [var from, var to]
                && to - from >= (1L << 30) - (1 << 20)
        );
        Assert.Single(
            (
                await Task.WhenAll(
                    new[] { guest, $"{Environment.ProcessId}" }.Select(async process =>
                        (await File.ReadAllLinesAsync($"/proc/{process}/limits", Ct)).Single(line =>
                            line.StartsWith("Max stack size", StringComparison.Ordinal)
                        )[..45]
                    )
                )
            ).Distinct(StringComparer.Ordinal)
        );
    }

    /// <summary>What a worker that was killed in the middle of it left: the file is a program's, and has a second name.</summary>
    [Fact]
    public async Task What_a_program_was_lent_is_taken_back_when_its_worker_was_killed()
    {
        var volume = AVolume();
        await Volumes.EnsureVolumeAsync(volume, Ct);
        var folder = new EngineFolder(Real.Folder);
        var (uid, bench) = (new GuestUids(folder).Of(volume.Id), Path.Combine(folder.Benches, volume.Id));
        Directory.CreateDirectory(bench);
        Libc.HardLink(folder.Volume(volume.Id), Path.Combine(bench, $"{volume.Id}.qcow2"));
        Libc.GiveTo(folder.Volume(volume.Id), uid, uid);
        Assert.Equal(new VolumeObservation(2, null), await Volumes.EnsureVolumeAsync(volume with { SizeGiB = 2 }, Ct));
        Assert.Equal((0, false), (OwnerOf(volume.Id), Directory.Exists(bench)));
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    private int? OwnerOf(string volumeId) => Libc.OwnerOf(Path.Combine(Real.Folder, "engine", "lib", "volumes", $"{volumeId}.qcow2"));

    /// <summary>What a guest's QEMU could be made to do.</summary>
    /// <param name="pid">In whose mount namespace; none for that of the host.</param>
    private static Task<string> AsGuestAsync(string? pid, int uid, string script)
    {
        string[] entered = pid is null ? [] : ["nsenter", "-t", pid, "-m"];
        string[] command = [.. entered, "setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "sh", "-c", script];
        return TestEngine.RunAsync(command[0], command[1..]);
    }

    /// <summary>Which of the paths the user may read or write. A socket takes connections of those who may write.</summary>
    private static async Task<string[]> OpenedAsync(string? pid, int uid, string[] paths, string? test = null)
    {
        var list = Path.Combine("/tmp", $"portal-paths-{Guid.NewGuid():N}");
        await File.WriteAllLinesAsync(list, paths, Ct);
        try
        {
            var condition = test is null ? "[ -r \"$path\" ] || [ -w \"$path\" ]" : $"[ {test} \"$path\" ]";
            return (
                await AsGuestAsync(
                    pid,
                    uid,
                    $"while IFS= read -r path; do if {condition}; then printf '%s\\n' \"$path\"; fi; done < {list}"
                )
            ).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(list);
        }
    }

    /// <summary>As an earlier version defined and started it.</summary>
    private async Task StartAsSharedUserAsync(InstanceSpec machine, int? own)
    {
        var (shared, guest) = ($"{Real.Settings.SharedUid}", Path.Combine(Real.Folder, "engine", "lib", "guests", machine.Id));
        var file = Path.Combine(Real.Folder, $"{machine.Id}.xml");
        await File.WriteAllTextAsync(
            file,
            (await Real.VirshAsync("dumpxml", "--inactive", machine.Id))
                .Replace($"+{own}", $"+{shared}", StringComparison.Ordinal)
                .Replace($"<source mode='bind' path='/run/libvirt/guests/{machine.Id}/agent'/>", "", StringComparison.Ordinal)
                .Replace("<target type='virtio'/>", $"<target type='virtio' name='{GuestAgent.NameInside}'/>", StringComparison.Ordinal),
            Ct
        );
        await TestEngine.RunAsync(
            "chown",
            shared,
            Path.Combine(Real.Folder, "engine", "lib", "volumes", $"{machine.Volumes[0].Volume.Id}.qcow2"),
            Path.Combine(guest, "seed.iso")
        );
        await TestEngine.RunAsync("chmod", "711", guest);
        await Real.VirshAsync("define", file);
        await Real.VirshAsync("start", machine.Id);
    }
}
