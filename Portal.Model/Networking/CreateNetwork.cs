using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
public sealed record NewNetwork
{
    public required string Name { get; init; }

    /// <summary>As typed, e.g. <c>10.1.0.0/16</c>.</summary>
    public required string Range { get; init; }

    public required IReadOnlyList<NewSubnet> Subnets { get; init; }

    /// <summary>Made by the form when it was opened: the same request sent twice is one.</summary>
    public required string RequestToken { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

public sealed record NewSubnet(string Name, string Range);

/// <summary>
/// Makes a private network with its subnets and its default security group. It costs nothing, and the engine holds it once an instance is
/// in it.
/// </summary>
public sealed class CreateNetwork(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome<Network>> RunAsync(Actor actor, NewNetwork form, CancellationToken ct) =>
        Check(form) is { IsDone: false } refused
            ? Task.FromResult<Outcome<Network>>(refused)
            : dbs.ChangeAsync<Network>(actor, (db, account) => MakeAsync(db, account, actor, form, ct), ct);

    /// <summary>What can be said of the request without looking anything up.</summary>
    public static Outcome Check(NewNetwork form)
    {
        var range = AddressRanges.Parse(form.Range);
        Outcome[] outcomes =
        [
            ResourceName.Check(form.Name),
            Shared.Tags.Check(form.Tags),
            range.Refusal ?? Refusal.Invalid(AddressRanges.WhyNotNetwork(range.Value)),
            .. Subnets(form, range.Value).Select(subnet => subnet.Outcome),
        ];
        return outcomes.FirstOrDefault(outcome => !outcome.IsDone);
    }

    /// <param name="had">How many networks the account has.</param>
    public static Refusal? WhyNotMore(Account account, int had) =>
        account.ClosingSince is not null ? Refusal.Forbidden(CreateRule.Closing)
        : account.WhySuspended is { } suspended ? Refusal.Forbidden(suspended)
        : had >= account.NetworkLimit
            ? Refusal.Limit(
                $"Your quota is {Counted.Of(account.NetworkLimit, "network")} and you have {had}: delete one you no longer need, or ask support for more."
            )
        : null;

    /// <summary>What is wrong with each subnet, beside those before it.</summary>
    public static IEnumerable<(IPNetwork Range, Outcome Outcome)> Subnets(NewNetwork form, IPNetwork network)
    {
        if (form.Subnets.Count is 0 or > EditSubnets.MaxCount)
        {
            yield return (
                default,
                Refusal.Invalid(
                    form.Subnets.Count == 0
                        ? "A network needs a subnet: that is where instances are."
                        : $"A network has at most {EditSubnets.MaxCount} subnets."
                )
            );
        }

        var before = new List<(string Name, IPNetwork Range)>();
        foreach (var subnet in form.Subnets)
        {
            var parsed = AddressRanges.Parse(subnet.Range);
            var refusal =
                ResourceName.Check(subnet.Name).Refusal ?? parsed.Refusal ?? AddressRanges.WhyNotSubnet(network, before, parsed.Value);
            before.Add((subnet.Name, parsed.Value));
            yield return (parsed.Value, refusal);
        }
    }

    private async Task<Outcome<Network>> MakeAsync(PortalDb db, Account account, Actor actor, NewNetwork form, CancellationToken ct)
    {
        if (
            await db.Networks.SingleOrDefaultAsync(
                made => made.AccountId == actor.AccountId && made.RequestToken == form.RequestToken,
                ct
            ) is
            { } before
        )
        {
            return before;
        }

        if (
            WhyNotMore(
                account,
                await db.Networks.CountAsync(network => network.AccountId == actor.AccountId && network.DeletedAt == null, ct)
            ) is
            { } refusal
        )
        {
            return refusal;
        }

        var made = await BuildAsync(db, actor, form, ct);
        db.Networks.Add(made);
        db.SecurityGroups.Add(DefaultNetwork.GroupOf(made, made.CreatedAt));
        db.AuditEntries.Add(
            actor.Audit(
                made.CreatedAt,
                "CreateVpc",
                made.Id,
                after: new
                {
                    made.Name,
                    Range = $"{made.Range}",
                    Subnets = made.Subnets.Select(subnet => $"{subnet.Name} {subnet.Range}"),
                    made.Tags,
                }
            )
        );
        return made;
    }

    private async Task<Network> BuildAsync(PortalDb db, Actor actor, NewNetwork form, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var made = new Network
        {
            Id = ResourceIds.New("vpc"),
            AccountId = actor.AccountId,
            Name = form.Name.Trim(),
            CreatedAt = now,
            ProjectId = await db
                .Projects.Where(project => project.AccountId == actor.AccountId)
                .OrderBy(project => project.CreatedAt)
                .Select(project => project.Id)
                .FirstAsync(ct),
            RegionId = DefaultNetwork.Region,
            Range = AddressRanges.Parse(form.Range).Value,
            RequestToken = form.RequestToken,
            Tags = new Dictionary<string, string>(form.Tags, StringComparer.Ordinal),
        };
        foreach (var subnet in form.Subnets)
        {
            made.Subnets.Add(EditSubnets.Build(made, subnet.Name, AddressRanges.Parse(subnet.Range).Value, now));
        }

        return made;
    }
}
