using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// What all fault tests end with: once everything has settled, what the engine holds, what the database says and what customers read on
/// their pages are one, and so is the ledger: nothing is billed twice for the same time, nothing that is there goes unbilled, and nothing
/// goes on being billed that is gone.
/// </summary>
internal sealed partial class ThreeTruths(IDbContextFactory<PortalDb> dbs)
{
    /// <summary>A page for each resource that is there, and for so many that are gone.</summary>
    private const int GoneLookedAt = 5;

    /// <summary>A call that a killed worker had begun may take effect after the end; patrols then remove what it made.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Where machines, disks and networks are; null for a test that has none.</summary>
    public InMemoryEngine? Engine { get; init; }

    /// <summary>Where buckets and users are; others' may lie there too.</summary>
    public IObjectStore? Store { get; init; }

    /// <summary>Instances that stood still meanwhile for a reason, so that not every second of theirs was billed.</summary>
    public Func<string, bool> Paused { get; init; } = _ => false;

    public async Task AgreeAsync(PortalServer web)
    {
        IReadOnlyList<string> differences = [];
        await Until.TrueAsync(
            async () =>
            {
                var rows = await Rows.ReadAsync(dbs);
                differences = [.. InEngine(rows), .. await InStoreAsync(rows), .. InLedger(rows)];
                return differences.Count == 0;
            },
            Patience,
            () => $"{differences.Count} differences: {string.Join("; ", differences.Take(10))}"
        );
        var clients = new Dictionary<string, FormClient>(StringComparer.Ordinal);
        try
        {
            await Until.TrueAsync(
                async () => (differences = await OnPagesAsync(web, clients)).Count == 0,
                Patience,
                () => $"{differences.Count} pages differ: {string.Join("; ", differences.Take(10))}"
            );
        }
        finally
        {
            foreach (var client in clients.Values)
            {
                client.Dispose();
            }
        }
    }

    /// <summary>The same on a web of its own.</summary>
    /// <param name="database">A test's.</param>
    public async Task AgreeAsync(string database)
    {
        await using var web = await PortalServer.StartAsync(database);
        await AgreeAsync(web);
    }

    private IEnumerable<string> InEngine(Rows rows)
    {
        if (Engine is null)
        {
            yield break;
        }

        var machines = Engine.Machines.ToDictionary(machine => machine.Spec.Id, StringComparer.Ordinal);
        foreach (
            var difference in Ids(
                "machine",
                machines.Keys,
                rows.Living.Where(instance => instance.State is not InstanceState.Failed).Select(instance => instance.Id)
            )
        )
        {
            yield return difference;
        }

        foreach (
            var difference in Ids("volume", Engine.Volumes, rows.Volumes.Where(volume => volume.MadeGiB > 0).Select(volume => volume.Id))
        )
        {
            yield return difference;
        }

        foreach (var instance in rows.Living.Where(instance => machines.ContainsKey(instance.Id)))
        {
            var machine = machines[instance.Id];
            if ((machine.Power is MachinePower.Running) != (instance.State is InstanceState.Running))
            {
                yield return $"{instance.Id} is {machine.Power} in the engine and {instance.State} in the database";
            }

            var (has, should) = (
                Told((machine.Power is MachinePower.Running ? machine.Live : machine.Defined).Select(disk => (disk.Key, disk.Value))),
                Told(
                    rows.Volumes.Where(volume => volume.InstanceId == instance.Id && volume.State is VolumeState.InUse)
                        .Select(volume => (volume.Id, volume.Device!))
                )
            );
            if (has != should)
            {
                yield return $"{instance.Id} has the disks {has}, and in the database {should}";
            }
        }

        foreach (var difference in Networks(rows, Engine.Networks))
        {
            yield return difference;
        }

        static string Told(IEnumerable<(string Id, string Device)> disks) =>
            string.Join(' ', disks.Select(disk => $"{disk.Id}={disk.Device}").Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Networks(Rows rows, IReadOnlyList<NetworkSpec> networks)
    {
        var networkInterfaces = rows.Interfaces.ToLookup(networkInterface => networkInterface.NetworkId, StringComparer.Ordinal);
        foreach (var difference in Ids("network", networks.Select(network => network.Id), networkInterfaces.Select(group => group.Key)))
        {
            yield return difference;
        }

        foreach (var network in networks)
        {
            var (has, should) = (
                network.Members.Select(member => $"{member.InterfaceId}={member.Address} {string.Join(',', member.GroupIds)}"),
                networkInterfaces[network.Id]
                    .Select(networkInterface =>
                        $"{networkInterface.Id}={networkInterface.Address} {string.Join(',', networkInterface.Groups.Select(group => group.SecurityGroupId).Order(StringComparer.Ordinal))}"
                    )
            );
            foreach (var difference in Ids($"interface of {network.Id}", has, should))
            {
                yield return difference;
            }

            foreach (var group in network.Groups)
            {
                foreach (
                    var difference in Ids(
                        $"rule of {group.Id}",
                        group.Inbound.Concat(group.Outbound).Select(rule => $"{rule}"),
                        rows.Rules.Where(rule => rule.SecurityGroupId == group.Id).Select(rule => $"{rule.Spec}")
                    )
                )
                {
                    yield return difference;
                }
            }
        }
    }

    private async Task<IReadOnlyList<string>> InStoreAsync(Rows rows)
    {
        if (Store is null)
        {
            return [];
        }

        var mine = rows.StoreUsers.Select(user => user.Id).ToHashSet(StringComparer.Ordinal);
        var (users, buckets) = (
            await Store.UsersAsync(Ct),
            (await Store.BucketsAsync(Ct)).Where(bucket => mine.Contains(bucket.UserId)).ToList()
        );
        return
        [
            .. Ids(
                "bucket",
                buckets.Select(bucket => $"{bucket.Name} of {bucket.UserId}"),
                rows.Buckets.Where(bucket => bucket.IsThere).Select(bucket => $"{bucket.Name} of {bucket.UserId}")
            ),
            .. Ids(
                "user of the store",
                users.Where(mine.Contains),
                rows.StoreUsers.Where(user => user.State is ObjectStoreUserState.Active).Select(user => user.Id)
            ),
            .. Ids(
                "user of a key",
                users.Where(id => rows.AccessKeys.Any(key => key.Id == id)),
                rows.AccessKeys.Where(key => key is { IsLimited: true, State: AccessKeyState.Active }).Select(key => key.Id)
            ),
        ];
    }

    private IEnumerable<string> InLedger(Rows rows)
    {
        foreach (var line in rows.Spans.GroupBy(span => (span.ResourceId, span.Sku)))
        {
            var ordered = line.OrderBy(span => span.From).ThenBy(span => span.To ?? DateTimeOffset.MaxValue).ToList();
            foreach (var span in ordered.Where(span => span.To < span.From))
            {
                yield return $"{line.Key} ends at {span.To:O}, before it begins at {span.From:O}";
            }

            foreach (var (first, second) in ordered.Zip(ordered.Skip(1)))
            {
                if (first.To is null || first.To > second.From)
                {
                    yield return $"{line.Key} is billed twice from {second.From:O} on";
                }
                else if (first.To < second.From && IsWhole(line.Key.ResourceId, line.Key.Sku))
                {
                    yield return $"{line.Key} is not billed from {first.To:O} to {second.From:O}";
                }
            }
        }

        var (open, owed) = (
            rows.Spans.Where(span => span.To is null).Select(span => Line(span.ResourceId, span.Sku, span.Quantity)),
            rows.Owed().Select(owed => Line(owed.Id, owed.Sku, owed.Quantity))
        );
        foreach (var difference in Ids("open span", open, owed))
        {
            yield return difference;
        }
    }

    /// <summary>
    /// What is there without a pause as long as it is there at all. Stored bytes are sampled, and may have been none for a while.
    /// </summary>
    private bool IsWhole(string resourceId, string sku) =>
        !Skus.IsCounted(sku)
        && sku is not (Skus.BucketStorage or Skus.Nat)
        && !(sku.StartsWith("instance.", StringComparison.Ordinal) && Paused(resourceId));

    /// <summary>A bucket's span lasts ten minutes at least, whatever is put into it meanwhile.</summary>
    private static string Line(string id, string sku, decimal quantity) =>
        sku is Skus.BucketStorage ? $"{id} {sku}" : $"{id} {sku} {quantity.ToString("0.######", CultureInfo.InvariantCulture)}";

    /// <param name="clients">Of each account, signed in once.</param>
    private async Task<IReadOnlyList<string>> OnPagesAsync(PortalServer web, Dictionary<string, FormClient> clients)
    {
        var rows = await Rows.ReadAsync(dbs);
        var differences = new List<string>();
        foreach (var account in rows.Accounts.Where(account => account.ClosingSince is null))
        {
            if (!clients.TryGetValue(account.Id, out var client))
            {
                clients[account.Id] = client = await web.NewClientAsync(await MemberOfAsync(web, account.Id));
            }

            foreach (var (path, status) in rows.PagesOf(account.Id))
            {
                using var answer = await client.GetAsync(path);
                var shown =
                    answer.StatusCode is HttpStatusCode.OK
                        ? (await FormClient.ReadAsync(answer)).QuerySelector("main .page-head .state")?.TextContent
                        : null;
                if (shown != status)
                {
                    differences.Add($"{path} says {shown ?? $"{answer.StatusCode}"} and is {status ?? "gone"}");
                }
            }

            differences.AddRange(await OnBillAsync(client, rows, account.Id));
        }

        return differences;
    }

    private static async Task<IReadOnlyList<string>> OnBillAsync(FormClient client, Rows rows, string accountId)
    {
        var before = rows.SoFar(accountId);
        var page = await client.PageAsync("/billing");
        var after = rows.SoFar(accountId);
        var told = decimal.Parse(
            page.QuerySelector("[data-figure=so-far]")!.TextContent.Trim().TrimStart('$'),
            NumberStyles.Number,
            CultureInfo.InvariantCulture
        );

        // What is counted by the hour, such as requests, has its end at the hour's, and goes on until then.
        var now = TimeProvider.System.GetUtcNow();
        var (open, shown) = (
            rows.Spans.Count(span => span.AccountId == accountId && (span.To is null || span.To > now)),
            StillOn().Count(page.Body!.TextContent)
        );
        return
        [
            .. told >= before && told <= after
                ? Array.Empty<string>()
                : [$"the bill of {accountId} says {told} and the ledger {before} to {after}"],
            .. open == shown ? Array.Empty<string>() : [$"the bill of {accountId} shows {shown} that go on, and the ledger has {open}"],
        ];
    }

    /// <summary>Somebody of the account who can sign in: the pages are read as customers read them.</summary>
    private async Task<Person> MemberOfAsync(PortalServer web, string accountId)
    {
        await using var scope = web.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var email = $"reader-of-{accountId}@example.com";
        await using var db = await dbs.CreateDbContextAsync(Ct);
        if (await db.Users.AsNoTracking().FirstOrDefaultAsync(user => user.Email == email, Ct) is not { } user)
        {
            var id = Guid.NewGuid();
            user = new User
            {
                Id = id,
                AccountId = accountId,
                UserName = id.ToString("N"),
                Email = email,
                EmailConfirmed = true,
                CreatedAt = TimeProvider.System.GetUtcNow(),
            };
            Assert.True((await users.CreateAsync(user, PortalServer.Password)).Succeeded);
        }

        return new Person(user.Id, accountId, email);
    }

    private static IEnumerable<string> Ids(string what, IEnumerable<string> there, IEnumerable<string> told)
    {
        var (has, should) = (there.ToList(), told.ToHashSet(StringComparer.Ordinal));
        foreach (var twice in has.GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"the {what} {twice.Key} is there {twice.Count()} times";
        }

        foreach (var orphan in has.Where(id => !should.Contains(id)))
        {
            yield return $"the {what} {orphan} is in no row";
        }

        foreach (var lost in should.Except(has, StringComparer.Ordinal))
        {
            yield return $"the {what} {lost} is in a row only";
        }
    }

    [GeneratedRegex("still on", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StillOn();

    /// <summary>The database's truth, read at once.</summary>
    private sealed record Rows(
        IReadOnlyList<Account> Accounts,
        IReadOnlyList<Instance> Instances,
        IReadOnlyList<Volume> Volumes,
        IReadOnlyList<Snapshot> Snapshots,
        IReadOnlyList<Network> Networks,
        IReadOnlyList<NetworkInterface> Interfaces,
        IReadOnlyList<SecurityGroupRule> Rules,
        IReadOnlyList<PublicAddress> Addresses,
        IReadOnlyList<Bucket> Buckets,
        IReadOnlyList<ObjectStoreUser> StoreUsers,
        IReadOnlyList<AccessKey> AccessKeys,
        IReadOnlyList<UsageSpan> Spans,
        IReadOnlyList<Price> Prices
    )
    {
        public IEnumerable<Instance> Living => Instances.Where(instance => instance.State is not InstanceState.Terminated);

        public static async Task<Rows> ReadAsync(IDbContextFactory<PortalDb> dbs)
        {
            await using var db = await dbs.CreateDbContextAsync(Ct);
            await using var snapshot = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Ct);
            return new Rows(
                await db.Accounts.AsNoTracking().ToListAsync(Ct),
                await db.Instances.AsNoTracking().ToListAsync(Ct),
                await db.Volumes.AsNoTracking().ToListAsync(Ct),
                await db.Snapshots.AsNoTracking().ToListAsync(Ct),
                await db.Networks.AsNoTracking().ToListAsync(Ct),
                await db.NetworkInterfaces.AsNoTracking().Include(networkInterface => networkInterface.Groups).ToListAsync(Ct),
                await db.SecurityGroups.AsNoTracking().SelectMany(group => group.Rules).ToListAsync(Ct),
                await db.PublicAddresses.AsNoTracking().ToListAsync(Ct),
                await db.Buckets.AsNoTracking().ToListAsync(Ct),
                await db.ObjectStoreUsers.AsNoTracking().ToListAsync(Ct),
                await db.AccessKeys.AsNoTracking().ToListAsync(Ct),
                await db.UsageSpans.AsNoTracking().ToListAsync(Ct),
                await db.Prices.AsNoTracking().ToListAsync(Ct)
            );
        }

        /// <summary>What costs money now, each with how much of it.</summary>
        public IEnumerable<(string Id, string Sku, decimal Quantity)> Owed() =>
            [
                .. Instances
                    .Where(instance => instance is { State: InstanceState.Running, Goal: InstanceGoal.Running, Stalled: null })
                    .Select(instance => (instance.Id, $"instance.{instance.SizeId}", 1m)),
                .. Volumes
                    .Where(volume => volume.MadeGiB > 0)
                    .Select(volume => (volume.Id, Skus.Volume(volume.TypeId), (decimal)volume.MadeGiB)),
                .. Snapshots
                    .Where(snapshot => snapshot.StoredMiB > 0)
                    .Select(snapshot => (snapshot.Id, Skus.Snapshot, SnapshotMeter.GiB(snapshot.StoredMiB))),
                .. Networks.Where(network => network.IsNatOn).Select(network => (network.Id, Skus.Nat, 1m)),
                .. Addresses.Where(address => address.ReleasedAt is null).Select(address => (address.Id, Skus.Address, 1m)),
                .. Buckets
                    .Where(bucket => bucket.IsThere && BucketMeter.GiB(bucket.Bytes) > 0)
                    .Select(bucket => (bucket.Id, Skus.BucketStorage, BucketMeter.GiB(bucket.Bytes))),
            ];

        /// <summary>
        /// The page of each resource that is there, with the state that it should show; null for those that are gone, which have no page.
        /// </summary>
        public IEnumerable<(string Path, string? Status)> PagesOf(string accountId) =>
            [
                .. Living
                    .Where(instance => instance.AccountId == accountId)
                    .Select(instance => ($"/instances/{instance.Id}", (string?)instance.Status)),
                .. Instances
                    .Where(instance => instance.AccountId == accountId && instance.State is InstanceState.Terminated)
                    .Take(GoneLookedAt)
                    .Select(instance => ($"/instances/{instance.Id}", (string?)instance.Status)),
                .. Volumes
                    .Where(volume => volume.AccountId == accountId && volume.State is not VolumeState.Deleted)
                    .Select(volume => ($"/volumes/{volume.Id}", (string?)volume.Status)),
                .. Networks
                    .Where(network => network.AccountId == accountId && network.DeletedAt is null)
                    .Select(network => ($"/networks/{network.Id}", (string?)network.Status)),
                .. Buckets
                    .Where(bucket => bucket.AccountId == accountId && bucket.State is not BucketState.Deleted)
                    .Select(bucket => ($"/buckets/{bucket.Name}", (string?)bucket.Status)),
            ];

        /// <summary>What the ledger makes of this month until now, in dollars and cents.</summary>
        public decimal SoFar(string accountId)
        {
            var now = TimeProvider.System.GetUtcNow();
            return decimal.Round(
                Rating.Rate(Spans.Where(span => span.AccountId == accountId), Prices, Forecast.StartOfMonth(now), now).Total,
                2
            );
        }
    }
}
