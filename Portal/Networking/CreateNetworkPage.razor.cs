using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class CreateNetworkPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    CreateNetwork create,
    NavigationManager navigation
)
{
    private readonly List<SubnetRow> subnets = [];
    private readonly List<TagRow> tags = [];
    private IReadOnlyList<(string Name, IPNetwork Range)>? taken;
    private string name = "",
        range = "";
    private string? refusal;
    private string? whyNotMore;
    private bool saving;

    /// <summary>
    /// One per opened form, kept from the first rendering to the circuit: a retried or doubled request is recognized by it.
    /// </summary>
    [PersistentState]
    public string? Token { get; set; }

    private IPNetwork? Range =>
        AddressRanges.Parse(range) is { IsDone: true, Value: var parsed } && AddressRanges.WhyNotNetwork(parsed) is null ? parsed : null;

    private string? RangeProblem =>
        AddressRanges.Parse(range) is var parsed && parsed.Reason is { } reason ? reason : AddressRanges.WhyNotNetwork(parsed.Value);

    /// <summary>Allowed, and said: the two could never be joined.</summary>
    private string RangeHint =>
        Range is { } mine && taken!.FirstOrDefault(other => AddressRanges.Overlap(other.Range, mine)) is { Name: { } other }
            ? $"It overlaps your network “{other}”: the two could not be peered."
            : "Within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, from /16 to /28.";

    private IPNetwork? Suggested =>
        Range is { } all
            ? AddressRanges.SuggestSubnet(
                all,
                [
                    .. subnets
                        .Select(subnet => AddressRanges.Parse(subnet.Range))
                        .Where(parsed => parsed.IsDone)
                        .Select(parsed => parsed.Value),
                ]
            )
            : null;

    private string? WhyNot => saving ? "It is being created." : whyNotMore ?? CreateNetwork.Check(Form()).Reason;

    protected override async Task OnInitializedAsync()
    {
        Token ??= Guid.NewGuid().ToString("N");
        var actor = await current.GetAsync();
        await using var db = await dbs.CreateDbContextAsync();
        var mine = await db
            .Networks.AsNoTracking()
            .Where(network => network.AccountId == actor.AccountId && network.DeletedAt == null)
            .Select(network => new { network.Name, network.Range })
            .ToListAsync();
        whyNotMore = CreateNetwork.WhyNotMore(
            await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == actor.AccountId),
            mine.Count
        );
        taken = [.. mine.Select(network => (network.Name, network.Range))];
        name = Enumerable
            .Range(mine.Count + 1, mine.Count + 2)
            .Select(number => $"network-{number}")
            .First(free => !mine.Exists(network => network.Name == free));
        SetRange(AddressRanges.SuggestNetwork([.. mine.Select(network => network.Range)]).ToString());
    }

    private void SetRange(string? text)
    {
        range = text?.Trim() ?? "";

        // Subnets that nobody has touched follow the range; others stay and say what is wrong with them.
        if (subnets.TrueForAll(subnet => subnet.IsSuggested))
        {
            subnets.Clear();
            AddSubnet();
        }
    }

    private void AddSubnet()
    {
        if (Suggested is not null || subnets.Count == 0)
        {
            subnets.Add(new SubnetRow($"subnet-{subnets.Count + 1}", Suggested?.ToString() ?? ""));
        }
    }

    private IEnumerable<string?> SubnetProblems() =>
        Range is { } all ? CreateNetwork.Subnets(Form(), all).Select(subnet => subnet.Outcome.Reason) : subnets.Select(_ => (string?)null);

    private NewNetwork Form() =>
        new()
        {
            Name = name,
            Range = range,
            Subnets = [.. subnets.Select(subnet => new NewSubnet(subnet.Name, subnet.Range))],
            RequestToken = Token!,
            Tags = TagRow.ToTags(tags),
        };

    private async Task CreateAsync()
    {
        if (saving)
        {
            return;
        }

        (saving, refusal) = (true, null);
        try
        {
            var made = await create.RunAsync(await current.GetAsync(), Form(), CancellationToken.None);
            refusal = made.Reason;
            if (made.Value is { } network)
            {
                navigation.NavigateTo($"/networks/{network.Id}");
            }
        }
        finally
        {
            saving = false;
        }
    }

    private sealed class SubnetRow(string name, string range)
    {
        private readonly (string, string) suggested = (name, range);

        public string Name { get; set; } = name;

        public string Range { get; set; } = range;

        public bool IsSuggested => (Name, Range) == suggested;
    }
}
