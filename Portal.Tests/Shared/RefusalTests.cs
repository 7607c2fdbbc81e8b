using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>Of what kind refusals are. That each has one is the compiler's business; of somebody else's ids see ForeignIdsTests.</summary>
[Trait("Needs", "database")]
public sealed partial class RefusalTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private CreateVolume Volumes => new(this, clock);

    private SecurityGroups Groups => new(this, clock);

    [Fact]
    public async Task Each_is_of_the_kind_that_it_says()
    {
        var image = await AnAccount.ImageAsync(this);
        var (ada, unconfirmed, cardless) = (
            await AnAccount.ReadyAsync(this),
            await AnAccount.ReadyAsync(this, confirmed: false),
            await AnAccount.ReadyAsync(this, card: false)
        );
        var network = await ReadAsync(db => db.Networks.SingleAsync(network => network.AccountId == ada.AccountId, Ct));
        var made = (await new CreateInstance(this, clock).RunAsync(ada, AnAccount.Wish(image), Ct)).Value![0];
        var root = await ReadAsync(db => db.Volumes.SingleAsync(volume => volume.InstanceId == made.Id, Ct));
        var data = (await Volumes.RunAsync(ada, Volume(), Ct)).Value!;
        var stranger = ada with { SessionId = Guid.NewGuid() };
        var kinds = new List<(RefusalKind Kind, Refusal? Refusal)>
        {
            (RefusalKind.Invalid, (await Volumes.RunAsync(ada, Volume() with { Name = "" }, Ct)).Refusal),
            (RefusalKind.Invalid, (await new ChangeVolume(this, clock).RenameAsync(ada, data.Id, "", Ct)).Outcome.Refusal),
            (RefusalKind.NotFound, (await Volumes.RunAsync(ada, Volume() with { TypeId = "golden" }, Ct)).Refusal),
            (RefusalKind.Forbidden, (await Volumes.RunAsync(unconfirmed, Volume(), Ct)).Refusal),
            (RefusalKind.Forbidden, (await new KeyPairs(this, clock).ImportAsync(stranger, "other", Another, Ct)).Refusal),
            (RefusalKind.Unpaid, (await Volumes.RunAsync(cardless, Volume(), Ct)).Refusal),
            (RefusalKind.State, (await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Reboot, made.Id, Ct)).Outcome.Refusal),
            (RefusalKind.State, (await new ChangeVolume(this, clock).GrowAsync(ada, data.Id, 20, Ct)).Outcome.Refusal),
            (RefusalKind.InUse, (await new ChangeVolume(this, clock).DeleteAsync(ada, root.Id, Ct)).Outcome.Refusal),
            (RefusalKind.InUse, (await new DeleteNetwork(this, clock).RunAsync(ada, network.Id, withContents: false, Ct)).Refusal),
            (RefusalKind.Duplicate, (await new KeyPairs(this, clock).ImportAsync(ada, "again", AnAccount.Ed25519, Ct)).Refusal),
            (RefusalKind.Duplicate, (await Groups.CreateAsync(ada, network.Id, DefaultNetwork.Name, [], Ct)).Refusal),
        };
        await ChangeAsync(db =>
            db.Accounts.Where(account => account.Id == ada.AccountId)
                .ExecuteUpdateAsync(set => set.SetProperty(account => account.VolumeLimit, 2), Ct)
        );
        kinds.Add((RefusalKind.Limit, (await Volumes.RunAsync(ada, Volume(), Ct)).Refusal));
        await ChangeAsync(async db =>
        {
            (await db.Accounts.SingleAsync(account => account.Id == ada.AccountId, Ct)).VolumeLimit = 20;
            (await db.Regions.SingleAsync(Ct)).SeenAt = AnAccount.Now;
            await db.SaveChangesAsync(Ct);
        });
        kinds.Add((RefusalKind.Limit, (await Volumes.RunAsync(ada, Volume(), Ct)).Refusal));
        await ChangeAsync(async db =>
        {
            (await db.Accounts.SingleAsync(account => account.Id == ada.AccountId, Ct)).Suspend(SuspensionReason.Unpaid, AnAccount.Now);
            await db.SaveChangesAsync(Ct);
        });
        kinds.Add((RefusalKind.Forbidden, (await Volumes.RunAsync(ada, Volume(), Ct)).Refusal));
        kinds.Add((RefusalKind.Forbidden, (await new ResizeInstance(this, clock).RunAsync(ada, made.Id, "t1.micro", Ct)).Refusal));
        Assert.All(kinds, one => Assert.True(one.Kind == one.Refusal?.Kind, $"{one.Refusal?.Kind} and not {one.Kind}: {one.Refusal}"));
        Assert.Equal(Enum.GetValues<RefusalKind>(), kinds.Select(one => one.Kind).Distinct().Order());
    }

    [Fact]
    public async Task Who_has_used_all_that_may_be_unpaid_has_reached_a_limit_that_no_card_moves()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await ChangeAsync(async db =>
        {
            db.Add(new UnpaidUse { AccountId = actor.AccountId });
            await db.SaveChangesAsync(Ct);
            await db.UnpaidUses.ExecuteUpdateAsync(set => set.SetProperty(use => use.Amount, 1_000_000m), Ct);
        });
        Assert.Equal(RefusalKind.Limit, (await Volumes.RunAsync(actor, Volume(), Ct)).Refusal?.Kind);
    }

    [Fact]
    public void A_refusal_is_its_sentence_and_of_none_there_is_none()
    {
        string? sentence = Refusal.State("It is stopped.");
        Outcome refused = Refusal.Limit("No more.");
        Outcome<int> made = refused;
        Assert.Equal(("It is stopped.", "No more.", RefusalKind.Limit), (sentence, $"{made.Refusal}", made.Refusal!.Kind));
        Assert.Null(Refusal.Limit(null));
        Assert.Throws<InvalidOperationException>(() => (Outcome<int>)Outcome.Done);
    }

    [Fact]
    public void Each_kind_is_given_somewhere_and_has_a_status_and_each_sentence_is_one()
    {
        var given = Sources.Code().SelectMany(file => Given().Matches(file.Text)).ToList();
        Assert.InRange(given.Count, 150, int.MaxValue);
        Assert.Equal(
            Enum.GetNames<RefusalKind>().Order(StringComparer.Ordinal),
            given.Select(match => match.Groups["kind"].Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(given.Select(match => match.Groups["sentence"].Value), sentence => !Sentence().IsMatch(sentence));
        Assert.All(Enum.GetValues<RefusalKind>(), kind => Assert.InRange(kind.StatusCode(), 400, 499));
    }

    private const string Another = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH6dByhkA7Kg/SVsxhsjK8mMSUFk8YgxbdHYbwoSB0ZC eve@example.com";

    private static NewVolume Volume() =>
        new()
        {
            Name = "data",
            SizeGiB = 8,
            RequestToken = $"{Guid.NewGuid():N}",
        };

    private async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = CreateDbContext();
        return await read(db);
    }

    private async Task ChangeAsync(Func<PortalDb, Task> change)
    {
        await using var db = CreateDbContext();
        await change(db);
    }

    [GeneratedRegex(
        """Refusal\.(?<kind>NotFound|Limit|State|InUse|Duplicate|Invalid|Forbidden|Unpaid)\((\s*\$?"(?<sentence>([^"\\{]|\\.|\{[^{}]*\})*)"\s*\))?""",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Given();

    [GeneratedRegex("""^$|^[A-Z{].*([.!?]|\.…)$""", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Sentence();
}
