using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>Opens and closes an instance's usage spans after what was observed of it, in the same transaction as the state.</summary>
public static class InstanceMeter
{
    /// <summary>What costs money now: compute only while it runs, the root disk while it exists.</summary>
    public static IEnumerable<(string Sku, decimal Quantity)> Billed(Instance instance)
    {
        if (instance.State is InstanceState.Running)
        {
            yield return ($"instance.{instance.SizeId}", 1);
        }

        if (instance.HasDisk)
        {
            yield return (Skus.Disk, instance.DiskGiB);
        }
    }

    public static async Task RecordAsync(PortalDb db, Instance instance, DateTimeOffset now, CancellationToken ct)
    {
        var billed = Billed(instance).ToList();
        var open = await db.UsageSpans.Where(span => span.ResourceId == instance.Id && span.To == null).ToListAsync(ct);
        foreach (var ended in open.Where(span => !billed.Contains((span.Sku, span.Quantity))))
        {
            // Clocks of two workers may differ a little: a span never ends before it began.
            ended.To = now > ended.From ? now : ended.From;
        }

        foreach (var (sku, quantity) in billed.Where(begun => !open.Exists(span => (span.Sku, span.Quantity) == begun)))
        {
            db.UsageSpans.Add(new UsageSpan
            {
                AccountId = instance.AccountId,
                ResourceId = instance.Id,
                ResourceName = instance.Name,
                Sku = sku,
                Quantity = quantity,
                From = now,
            });
        }
    }
}
