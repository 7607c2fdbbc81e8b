using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class CredentialsTests(TestPostgres postgres) : TestDatabase(postgres)
{
    /// <summary>Made with ssh-keygen; nobody has the private half.</summary>
    private const string OtherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINLb/nbGqShvXTIvWutAkwnrj1YKUvkBbpUBw0M6ddf3 ada@example.com";

    private BucketCustomer ada = null!;
    private Actor actor = null!;
    private AccessKey old = null!;
    private Image image = null!;
    private string machine = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await BucketCustomer.AddAsync(this, Source);
        await ada.AddBucketAsync();
        old = (await ada.RequestKeyAsync()).Key;
        await ada.SettleAsync();
        image = await AnAccount.ImageAsync(this);
        machine = await AddMachineAsync();
        await ForgetAsync();
        var now = ada.Clock.GetUtcNow();
        var session = new Session
        {
            Id = Guid.NewGuid(),
            UserId = ada.Actor.UserId,
            AccountId = ada.Actor.AccountId,
            CreatedAt = now,
            LastSeenAt = now,
            EndsAt = now.AddDays(1),
            ProvenAt = now,
        };
        await using var db = CreateDbContext();
        db.Add(session);
        await db.SaveChangesAsync(Ct);
        actor = ada.Actor with { SessionId = session.Id, ProvenAt = now };
    }

    public override async ValueTask DisposeAsync()
    {
        await ada.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task What_outlives_the_session_is_made_with_a_fresh_proof_and_its_owner_hears_of_it()
    {
        Assert.Equal([null, null, null, null, null, null], await MakeAsync("first"));
        await using var db = CreateDbContext();
        Assert.Equal(
            [
                "The S3 access key backup was created for your Portal account",
                "The S3 access key first was created for your Portal account",
                "The SSH key ada was added for your Portal account",
                "The SSH key first was added for your Portal account",
                "The SSH key of the instance old-heron was changed for your Portal account",
                "The password of the instance old-heron was changed for your Portal account",
            ],
            (await db.Mails.Where(mail => mail.AccountId == actor.AccountId).Select(mail => mail.Subject).ToListAsync(Ct)).Order(
                StringComparer.Ordinal
            )
        );
        ada.Clock.Advance(Session.ProofLifetime + TimeSpan.FromMinutes(1));
        await ForgetAsync();
        Assert.All(await MakeAsync("later"), reason => Assert.Equal(Credentials.NotProven, reason));
        Assert.Equal(6, await db.Mails.CountAsync(mail => mail.AccountId == actor.AccountId, Ct));
    }

    [Fact]
    public async Task Where_there_is_a_second_factor_the_password_alone_is_no_proof()
    {
        await using var db = CreateDbContext();
        await db
            .Users.Where(user => user.Id == actor.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true), Ct);
        Assert.Equal(Credentials.NotProven, (await MakeAsync("without"))[0]);
        var now = ada.Clock.GetUtcNow();
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, now), Ct);
        Assert.Equal(Credentials.NotProven, (await MakeAsync("given elsewhere"))[0]);
        actor = actor with { FactorAt = now };
        Assert.Null((await MakeAsync("with"))[0]);
    }

    /// <summary>As the web makes them: to the worker nothing of a sign-in is open.</summary>
    private AccessKeys Keys() => new(AsWeb, ada.Get<StoreUsers>(), ada.Get<BucketSecrets>(), ada.Clock);

    /// <summary>
    /// Why not an access key, another for one that there is, an SSH key, one with an instance, and for a running one a password and a key.
    /// </summary>
    private async Task<string?[]> MakeAsync(string name) =>
        [
            (await Keys().CreateAsync(actor, new NewAccessKey(name, KeyRights.ReadWrite, null, name), Ct)).Reason,
            (await Keys().RotateAsync(actor, old.Id, $"{name} again", Ct)).Reason,
            (await new KeyPairs(this, ada.Clock).ImportAsync(actor, name, OtherKey, Ct)).Reason,
            (await new CreateInstance(this, ada.Clock).RunAsync(actor, AnAccount.Wish(image) with { KeyName = "ada" }, Ct)).Reason,
            await AskGuestAsync(change => change.SetPasswordAsync(actor, machine, "a hash", Ct)),
            await AskGuestAsync(async change => await change.SetKeyAsync(actor, machine, await AKeyAsync(), Ct)),
        ];

    private async Task<string?> AskGuestAsync(Func<ChangeGuest, Task<Outcome<GuestRequest>>> ask)
    {
        var asked = await ask(new ChangeGuest(this, ada.Get<GuestSecrets>(), ada.Clock));
        await using var db = CreateDbContext();
        await db.GuestRequests.ExecuteDeleteAsync(Ct);
        return asked.Reason;
    }

    /// <summary>A running one whose guest can be asked.</summary>
    private async Task<string> AddMachineAsync()
    {
        var wish = AnAccount.Wish(image) with { Name = "old-heron" };
        var made = (await new CreateInstance(this, ada.Clock).RunAsync(ada.Actor, wish, Ct)).Value!.Single();
        await using var db = CreateDbContext();
        await db.Instances.ExecuteUpdateAsync(
            set => set.SetProperty(instance => instance.State, InstanceState.Running).SetProperty(instance => instance.HasAgent, true),
            Ct
        );
        return made.Id;
    }

    private async Task<string> AKeyAsync()
    {
        await using var db = CreateDbContext();
        return await db.KeyPairs.Select(key => key.Id).FirstOrDefaultAsync(Ct) ?? "key-0";
    }

    /// <summary>The SSH keys, which would be known already.</summary>
    private async Task ForgetAsync()
    {
        await using var db = CreateDbContext();
        await db.Instances.ExecuteUpdateAsync(set => set.SetProperty(instance => instance.KeyPairId, (string?)null), Ct);
        await db.KeyPairs.ExecuteDeleteAsync(Ct);
    }
}
