using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>Opens and closes a resource's usage spans after what was observed of it, in the same transaction as its state.</summary>
public static class Meter
{
    /// <param name="billed">
    /// All that the resource costs from now on, a quantity for each SKU; what is open and not among it ends now.
    /// </param>
    public static async Task RecordAsync(
        PortalDb db,
        Resource resource,
        IReadOnlyCollection<(string Sku, decimal Quantity)> billed,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var open = await db.UsageSpans.Where(span => span.ResourceId == resource.Id && span.To == null).ToListAsync(ct);
        foreach (var ended in open.Where(span => !billed.Contains((span.Sku, span.Quantity))))
        {
            // Clocks of two workers may differ a little: a span never ends before it began.
            ended.To = now > ended.From ? now : ended.From;
        }

        foreach (var (sku, quantity) in billed.Where(begun => !open.Exists(span => (span.Sku, span.Quantity) == begun)))
        {
            // A clock that was set back, or another worker's: what was charged up to a moment is not charged again.
            var charged = await db
                .UsageSpans.Where(span => span.ResourceId == resource.Id && span.Sku == sku && span.To > now)
                .MaxAsync(span => span.To, ct);
            db.UsageSpans.Add(
                new UsageSpan
                {
                    AccountId = resource.AccountId,
                    ResourceId = resource.Id,
                    ResourceName = resource.Name,
                    Sku = sku,
                    Quantity = quantity,
                    From = charged ?? now,
                }
            );
        }
    }
}
