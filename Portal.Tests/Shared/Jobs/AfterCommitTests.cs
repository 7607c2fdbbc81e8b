using System.Data.Common;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Closing;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>
/// Whatever a verb leaves for a worker to do is told by its commit, and by nothing else. The verbs themselves are in the other part.
/// </summary>
[Trait("Needs", "database")]
public sealed partial class AfterCommitTests : ClosingScene
{
    /// <summary>What they write is nothing that an engine or a store holds.</summary>
    private static readonly string[] LeaveNothing =
    [
        "AlertRules.ChangeAsync",
        "AlertRules.CreateAsync",
        "AlertRules.DeleteAsync",
        "BackupSchedules.SetAsync",
        "BackupSchedules.TurnOffAsync",
        "ChangeCard.MakeDefaultAsync",
        "ChangeCard.RemoveAsync",
        "ChangeImage.DescribeAsync",
        "ChangeObjects.DismissAsync",
        "ChangeSnapshot.RenameAsync",
        "ChangeSnapshot.TagAsync",
        "ChangeVolume.KeepAsync",
        "ChangeVolume.RenameAsync",
        "ChangeVolume.TagAsync",
        "CreateInstance.MadeAsync",
        "CreateNetwork.RunAsync",
        "EditInstance.ProtectAsync",
        "EditInstance.RenameAsync",
        "EditInstance.WriteNotesAsync",
        "EditInstance.WriteUserDataAsync",
        "EditNetwork.RenameAsync",
        "EditNetwork.TagAsync",
        "KeyPairs.DeleteAsync",
        "KeyPairs.ImportAsync",
        "PublicAddresses.AllocateAsync",
        "ResizeInstance.RunAsync",
        "SecurityGroups.DeleteAsync",
        "SecurityGroups.RenameAsync",
        "TagInstance.RunAsync",
    ];

    /// <summary>The worker's: it asks by verbs that are here for themselves.</summary>
    private const string Removal = "AccountRemoval.RunAsync";

    private readonly Recorder told;
    private readonly Telling telling;

    public AfterCommitTests(TestPostgres postgres)
        : base(postgres)
    {
        told = new Recorder(Clock);
        telling = new Telling(this, told);
    }

    [Fact]
    public async Task Each_verb_has_what_it_leaves_unsettled_told_by_its_commit_and_nothing_when_that_fails()
    {
        var actor = await SomebodyAsync();
        await ReadAsync(db => db.Regions.ExecuteUpdateAsync(row => row.SetProperty(region => region.HasUplink, true), Ct));
        var walked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (verb, ask) in await VerbsAsync(actor))
        {
            walked.Add(verb);
            await WalkAsync(verb, ask);
        }

        Assert.Equal(Verbs().Order(StringComparer.Ordinal), walked.Concat(LeaveNothing).Append(Removal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Volumes_that_are_made_with_an_instance_are_left_to_its_job()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var wish = AnAccount.Wish(await AnAccount.ImageAsync(this), count: 2) with { Volumes = [new ExtraVolume(4)] };
        var made = Done(await new CreateInstance(telling, Clock).RunAsync(actor, wish, Ct));
        Assert.Equal(
            made.Select(instance => new DueJob(typeof(IInstanceJob), "local", instance.Id)).OrderBy(due => due.Id, StringComparer.Ordinal),
            told.Due.OrderBy(due => due.Id, StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task What_is_saved_without_a_transaction_is_told_and_what_a_transaction_gave_up_is_not_told_by_the_next()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using var db = telling.CreateDbContext();
        var network = await db.Networks.SingleAsync(network => network.AccountId == actor.AccountId, Ct);
        await using (await db.Database.BeginTransactionAsync(Ct))
        {
            network.Change(Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        db.ChangeTracker.Clear();
        await using (var next = await db.Database.BeginTransactionAsync(Ct))
        {
            await db.SaveChangesAsync(Ct);
            await next.CommitAsync(Ct);
        }

        Assert.Empty(told.Due);
        (await db.Networks.SingleAsync(network => network.AccountId == actor.AccountId, Ct)).Change(Clock.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        Assert.Equal(network.Id, Assert.Single(told.Due).Id);
    }

    /// <summary>First with a commit that fails, then as it should be; then the worker does its part.</summary>
    private async Task WalkAsync(string verb, Func<Task<string?>> ask)
    {
        told.Due.Clear();
        told.FailsToCommit = true;
        Assert.True(await Record.ExceptionAsync(ask) is CommitFailedException, $"{verb} has committed nothing.");
        told.FailsToCommit = false;
        Assert.True(told.Due.Count == 0, $"{verb} was not committed and told of {string.Join(", ", told.Due)}.");

        Assert.True(await ask() is not { } refused, $"{verb} was refused.");
        var left = await LeftAsync(withAccounts: true);
        Assert.True(left.Count > 0, $"{verb} leaves nothing to do.");
        Assert.True(
            left.ToHashSet(StringComparer.Ordinal).SetEquals(told.Due.Select(due => due.Id)),
            $"{verb} leaves {string.Join(", ", left)} and told of {string.Join(", ", told.Due)}."
        );
        Assert.All(
            told.Due,
            due =>
            {
                Assert.IsAssignableFrom(due.Job, Job(due.Id));
                Assert.Equal(due.Job.Name is "IClosingJob" ? "default" : "local", due.Queue);
            }
        );
        await Settle.AllAsync(() => LeftAsync(withAccounts: false), AdvanceAsync);
    }

    private async Task<List<string>> LeftAsync(bool withAccounts)
    {
        await using var db = CreateDbContext();
        return
        [
            .. await UnsettledAsync(),
            .. (await db.ObjectOperations.AsNoTracking().ToListAsync(Ct)).Where(one => one.IsUnsettled).Select(one => one.Id),
            .. (await db.GuestRequests.AsNoTracking().ToListAsync(Ct)).Where(request => request.IsUnsettled).Select(request => request.Id),
            .. withAccounts
                ? (await db.Accounts.AsNoTracking().ToListAsync(Ct)).Where(account => account.IsClosing).Select(account => account.Id)
                : [],
        ];
    }

    /// <summary>What somebody can ask for, by reflection: a public method of a command that takes who asks.</summary>
    private static IEnumerable<string> Verbs() =>
        typeof(PortalDb)
            .Assembly.GetTypes()
            .Where(type => type.IsPublic && type.GetConstructors().Any(Takes<IDbContextFactory<PortalDb>>))
            .SelectMany(type =>
                type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly).Where(Takes<Actor>)
            )
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}")
            .Distinct(StringComparer.Ordinal);

    private static bool Takes<T>(MethodBase method) => method.GetParameters().Any(parameter => parameter.ParameterType == typeof(T));

    private sealed class Recorder(TimeProvider clock) : AfterCommit(clock)
    {
        public List<DueJob> Due { get; } = [];

        public bool FailsToCommit { get; set; }

        protected override void Tell(IReadOnlyList<DueJob> due) => Due.AddRange(due);
    }

    private sealed class Telling(AfterCommitTests test, Recorder told) : IDbContextFactory<PortalDb>
    {
        public PortalDb CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            PortalDbSetup.Configure(options, test.Source, told);
            options.AddInterceptors(new Failing(told));
            return new PortalDb(options.Options);
        }
    }

    private sealed class Failing(Recorder told) : DbTransactionInterceptor
    {
        public override ValueTask<InterceptionResult> TransactionCommittingAsync(
            DbTransaction transaction,
            TransactionEventData eventData,
            InterceptionResult result,
            CancellationToken cancellationToken = default
        ) => told.FailsToCommit ? throw new CommitFailedException() : ValueTask.FromResult(result);
    }

    private sealed class CommitFailedException : Exception;
}
