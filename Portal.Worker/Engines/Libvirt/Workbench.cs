using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What a program on the workbench may take.</summary>
/// <param name="FileBytes">Of each file that it writes, in all.</param>
internal sealed record WorkLimits(TimeSpan Patience, long FileBytes)
{
    /// <summary>Of addresses. qemu-img takes some hundred MiB of them, most of it never used.</summary>
    public const long MemoryBytes = 2L << 30;

    /// <summary>Characters. What it says of one file is less than a thousand.</summary>
    public const int Printed = 64 << 10;

    /// <summary>Threads of it, since it is the only one of its user.</summary>
    public const int Threads = 100;
}

/// <summary>
/// Where programs read what guests may have written. Each works as a user of its own, out of the guests' range, in a folder that is closed
/// to all others, with second names for exactly the files that it is given: it can walk to no other file that is not everybody's. It has no
/// network, no capabilities, no process but itself to see and nothing of the worker's environment, and its memory, time and room have
/// bounds. So what a file makes of the program reaches as far as that file. docs/decisions/guests-walls.md
/// </summary>
/// <param name="uids">The guests' own: whoever is given to a program now is given to no guest.</param>
internal sealed class Workbench(EngineFolder folder, GuestUids uids)
{
    /// <param name="id">For whom it works, e.g. a volume; the same one has one program at a time.</param>
    /// <param name="written">Files that it may write to, and that are this program's meanwhile.</param>
    /// <param name="read">Files that it may read.</param>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(
        string id,
        IEnumerable<string> written,
        IEnumerable<string> read,
        WorkLimits limits,
        string[] command,
        CancellationToken ct
    )
    {
        Clear(id);
        var (uid, bench, lent) = (uids.Of(id), BenchOf(id), new List<Loan>());
        try
        {
            Directory.CreateDirectory(bench, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            lent.AddRange(written.Select(file => Loan.ToWrite(file, uid, bench)));
            lent.AddRange(read.Select(file => Loan.ToRead(file, uid, bench)));
            Libc.GiveTo(bench, 0, uid);
            File.SetUnixFileMode(
                bench,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute
            );
            return await Command.RunAsync(
                "unshare",
                [.. Apart, .. As(uid), .. Within(limits), .. command],
                ct,
                folder: bench,
                patience: limits.Patience,
                called: command[0],
                mostPrinted: WorkLimits.Printed
            );
        }
        finally
        {
            lent.ForEach(loan => loan.End());
            Clear(id);
        }
    }

    /// <summary>Removes what a worker left that was killed while a program worked for this one.</summary>
    public void Clear(string id)
    {
        if (Directory.Exists(BenchOf(id)))
        {
            foreach (var file in Directory.GetFiles(BenchOf(id)).Where(file => Libc.OwnerOf(file) == uids.Find(id)))
            {
                Libc.GiveTo(file, 0, 0);
            }

            Directory.Delete(BenchOf(id), recursive: true);
        }

        uids.Release(id);
    }

    private string BenchOf(string id) => Path.Combine(folder.Benches, EngineFolder.Checked(id));

    /// <summary>
    /// It is the first process of a space of its own, so nothing that it starts outlives it or the worker that waits for it.
    /// </summary>
    private static readonly string[] Apart = ["--net", "--ipc", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"];

    private static string[] As(int uid) =>
        [
            "setpriv",
            $"--reuid={Text(uid)}",
            $"--regid={Text(uid)}",
            "--clear-groups",
            "--inh-caps=-all",
            "--ambient-caps=-all",
            "--bounding-set=-all",
            "--no-new-privs",
            "--pdeathsig=KILL", // again, since another user's process forgets it
            "--",
        ];

    private static string[] Within(WorkLimits limits) =>
        [
            "prlimit",
            $"--as={Text(WorkLimits.MemoryBytes)}",
            $"--cpu={Text((long)limits.Patience.TotalSeconds)}",
            $"--fsize={Text(limits.FileBytes)}",
            $"--nproc={Text(WorkLimits.Threads)}",
            "--nofile=64",
            "--core=0",
            "--",
        ];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A file that the program has a second name for, and what it was before.</summary>
    private sealed record Loan(string File, int Borrower, int Owner, UnixFileMode Mode)
    {
        public static Loan ToWrite(string file, int uid, string bench)
        {
            var loan = Begin(file, uid, bench);
            Libc.GiveTo(file, uid, uid);
            return loan;
        }

        /// <summary>By its group, unless everybody may who has a name for it.</summary>
        public static Loan ToRead(string file, int uid, string bench)
        {
            var loan = Begin(file, uid, bench);
            if (!loan.Mode.HasFlag(UnixFileMode.OtherRead))
            {
                Libc.GiveTo(file, Libc.Unchanged, uid);
                System.IO.File.SetUnixFileMode(file, loan.Mode | UnixFileMode.GroupRead);
            }

            return loan;
        }

        /// <summary>Whoever was given the file meanwhile keeps it: its machine was started.</summary>
        public void End()
        {
            if (Libc.OwnerOf(File) is not { } owner)
            {
                return;
            }

            if (owner == Borrower)
            {
                Libc.GiveTo(File, Owner, Owner);
            }
            else if (!Mode.HasFlag(UnixFileMode.OtherRead))
            {
                System.IO.File.SetUnixFileMode(File, Mode);
                Libc.GiveTo(File, Libc.Unchanged, owner);
            }
        }

        private static Loan Begin(string file, int uid, string bench)
        {
            var owner = Libc.OwnerOf(file) ?? throw new EngineException(EngineFault.Missing, $"{Path.GetFileName(file)} is not there.");
            Libc.HardLink(file, Path.Combine(bench, Path.GetFileName(file)));
            return new Loan(file, uid, owner, System.IO.File.GetUnixFileMode(file));
        }
    }
}
