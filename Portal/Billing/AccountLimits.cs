using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Billing;

/// <param name="Text">Used and limit in words, e.g. <c>3 of 5</c>.</param>
public sealed record LimitLine(string Name, decimal Used, decimal Limit, string Text)
{
    public decimal Share => Limit <= 0 ? 1 : Used / Limit;
}

/// <summary>What an account may have and use, and how much of that it does.</summary>
public sealed record AccountLimits(IReadOnlyList<LimitLine> Lines)
{
    public static async Task<AccountLimits> LoadAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct)
    {
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, ct);
        var use = await db.UnpaidUses.AsNoTracking().FirstOrDefaultAsync(use => use.AccountId == accountId, ct);
        var living = db.Instances.Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated);
        var (instances, vcpus) = (await living.CountAsync(ct), await living.SumAsync(instance => instance.Vcpus, ct));
        var gib = await db
            .Volumes.Where(volume => volume.AccountId == accountId && volume.State != VolumeState.Deleted)
            .SumAsync(volume => volume.SizeGiB, ct);
        var (unpaid, down) = (use?.AmountAt(now) ?? 0, use is not null && use.At >= Forecast.StartOfMonth(now) ? use.DownloadGiB : 0);
        return new AccountLimits([
            new(
                "Used and not paid yet",
                unpaid,
                account.UnpaidLimit,
                string.Create(CultureInfo.InvariantCulture, $"${unpaid:N2} of ${account.UnpaidLimit:N2}")
            ),
            new("Instances", instances, account.InstanceLimit, Of(instances, account.InstanceLimit)),
            new("vCPUs", vcpus, account.VcpuLimit, Of(vcpus, account.VcpuLimit)),
            new("Volumes", gib, account.VolumeGiBLimit, $"{Of(gib, account.VolumeGiBLimit)} GiB"),
            new(
                "Downloads this month",
                down,
                account.DownloadGiBLimit,
                string.Create(CultureInfo.InvariantCulture, $"{down:N1} of {account.DownloadGiBLimit:N0} GiB")
            ),
        ]);
    }

    private static string Of(int used, int limit) => string.Create(CultureInfo.InvariantCulture, $"{used:N0} of {limit:N0}");
}
