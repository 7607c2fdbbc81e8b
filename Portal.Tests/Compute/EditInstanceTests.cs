using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class EditInstanceTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private EditInstance Edit => new(this, clock);

    [Fact]
    public async Task A_new_name_is_written_down_with_the_old_one()
    {
        var (actor, id) = await AnInstanceAsync();
        Assert.True((await Edit.RenameAsync(actor, id, " Web server ", Ct)).IsDone);
        Assert.Equal(("Web server", "web-server"), ((await LoadAsync(id)).Name, (await LoadAsync(id)).HostName));
        var entry = Assert.Single(await AuditAsync(id));
        Assert.Equal(
            ("""{"Name": "amber-falcon", "HostName": "amber-falcon"}""", """{"Name": "Web server", "HostName": "web-server"}"""),
            (entry.Before, entry.After)
        );
    }

    [Fact]
    public async Task What_was_named_after_it_is_called_after_it_still_unless_somebody_gave_it_a_name()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var wish = AnAccount.Wish(await AnAccount.ImageAsync(this)) with { WithAddress = true };
        var id = (await new CreateInstance(this, clock).RunAsync(actor, wish, Ct)).Value![0].Id;
        Assert.True((await Edit.RenameAsync(actor, id, "web", Ct)).IsDone);
        Assert.Equal(("web root", "web"), await NamesAsync());
        await using (var db = CreateDbContext())
        {
            await db.Volumes.ExecuteUpdateAsync(volume => volume.SetProperty(row => row.Name, "kept"), Ct);
        }

        Assert.True((await Edit.RenameAsync(actor, id, "db", Ct)).IsDone);
        Assert.Equal(("kept", "db"), await NamesAsync());

        async Task<(string, string)> NamesAsync()
        {
            await using var db = CreateDbContext();
            return ((await db.Volumes.SingleAsync(Ct)).Name, (await db.PublicAddresses.SingleAsync(Ct)).Name);
        }
    }

    [Theory]
    [InlineData("", "Give it a name.")]
    [InlineData("a\u0000b", "The name holds a character that cannot be seen; letters, digits, spaces and signs are fine.")]
    public async Task A_name_that_is_none_is_refused(string name, string reason)
    {
        var (actor, id) = await AnInstanceAsync();
        Assert.Equal(reason, (await Edit.RenameAsync(actor, id, name, Ct)).Reason);
        Assert.Empty(await AuditAsync(id));
    }

    [Fact]
    public async Task Notes_are_kept_and_taken_back_and_too_long_ones_are_refused()
    {
        var (actor, id) = await AnInstanceAsync();
        Assert.True((await Edit.WriteNotesAsync(actor, id, "Ada's build machine\r\nDo not stop on Fridays", Ct)).IsDone);
        Assert.Equal("Ada's build machine\nDo not stop on Fridays", (await LoadAsync(id)).Notes);
        Assert.Equal(
            "Notes have at most 4,096 characters; these have 4,097.",
            (await Edit.WriteNotesAsync(actor, id, new string('n', 4097), Ct)).Reason
        );
        Assert.True((await Edit.WriteNotesAsync(actor, id, " ", Ct)).IsDone);
        Assert.Null((await LoadAsync(id)).Notes);
    }

    [Fact]
    public async Task What_is_the_same_already_leaves_no_trace()
    {
        var (actor, id) = await AnInstanceAsync();
        Assert.True((await Edit.RenameAsync(actor, id, "amber-falcon", Ct)).IsDone);
        Assert.True((await Edit.ProtectAsync(actor, id, false, Ct)).IsDone);
        Assert.Empty(await AuditAsync(id));
    }

    [Fact]
    public async Task A_protected_instance_cannot_be_terminated_alone_or_among_many_until_it_is_no_longer()
    {
        var (actor, id) = await AnInstanceAsync();
        var (_, other) = await AnInstanceAsync(actor);
        await Edit.ProtectAsync(actor, id, true, Ct);

        var change = new ChangeInstance(this, clock);
        var changes = await change.RunAsync(actor, InstanceAction.Terminate, [id, other], Ct);

        Assert.Equal("It is protected: turn that off in its settings first.", Assert.Single(changes, one => one.Id == id).Outcome.Reason);
        Assert.True(Assert.Single(changes, one => one.Id == other).Outcome.IsDone);
        Assert.Equal(InstanceGoal.Running, (await LoadAsync(id)).Goal);
        await Edit.ProtectAsync(actor, id, false, Ct);
        Assert.True((await change.RunAsync(actor, InstanceAction.Terminate, id, Ct)).Outcome.IsDone);
    }

    [Fact]
    public async Task User_data_changes_while_it_is_stopped_and_the_audit_does_not_repeat_it()
    {
        var (actor, id) = await AnInstanceAsync();
        Assert.Equal(
            "User data can be changed while it is stopped; it is pending.",
            (await Edit.WriteUserDataAsync(actor, id, "#!/bin/sh\n", Ct)).Reason
        );
        await StopAsync(actor, id);

        Assert.StartsWith(
            "User data must begin with",
            (await Edit.WriteUserDataAsync(actor, id, "hello", Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.True((await Edit.WriteUserDataAsync(actor, id, "#!/bin/sh\necho s3cret\n", Ct)).IsDone);

        Assert.Equal("#!/bin/sh\necho s3cret\n", (await LoadAsync(id)).UserData);
        var entry = Assert.Single(await AuditAsync(id));
        Assert.DoesNotContain("s3cret", entry.After, StringComparison.Ordinal);
        Assert.Contains("22 bytes", entry.After, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strangers_instance_is_not_there()
    {
        var (_, id) = await AnInstanceAsync();
        var stranger = await AnAccount.ReadyAsync(this);
        const string gone = "There is no such instance.";
        Assert.Equal(gone, (await Edit.RenameAsync(stranger, id, "mine", Ct)).Reason);
        Assert.Equal(gone, (await Edit.WriteNotesAsync(stranger, id, "mine", Ct)).Reason);
        Assert.Equal(gone, (await Edit.ProtectAsync(stranger, id, true, Ct)).Reason);
        Assert.Equal(gone, (await Edit.WriteUserDataAsync(stranger, id, null, Ct)).Reason);
    }

    private async Task<(Actor Actor, string Id)> AnInstanceAsync(Actor? owner = null)
    {
        var actor = owner ?? await AnAccount.ReadyAsync(this);
        var made = await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct);
        return (actor, made.Value![0].Id);
    }

    private async Task StopAsync(Actor actor, string id)
    {
        await ObserveAsync(id, MachinePower.Running);
        Assert.True((await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Stop, id, Ct)).Outcome.IsDone);
        await ObserveAsync(id, MachinePower.Off);
    }

    private async Task ObserveAsync(string id, MachinePower power)
    {
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(instance => instance.Id == id, Ct)).Observe(
            new MachineObservation(power, 0, SshAnswers: true, null, null),
            AnAccount.Now
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task<Instance> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Instances.SingleAsync(instance => instance.Id == id, Ct);
    }

    private async Task<List<AuditEntry>> AuditAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.AuditEntries.Where(entry => entry.ResourceId == id && entry.Action == "ModifyInstanceAttribute").ToListAsync(Ct);
    }
}
