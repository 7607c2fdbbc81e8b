using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>The rarer things that can be done with an instance.</summary>
public sealed partial class InstancePage
{
    private IReadOnlyList<MenuItem> Rarer =>
        [
            new("Resize…", view!.Instance.WhyNotResize ?? Busy, ResizeAsync),
            new("Create image…", view!.Instance.WhyNotImage ?? Busy, MakeImageAsync),
            new("Reset password…", view!.Instance.WhyNotAskGuest ?? Busy, ResetPasswordAsync),
            new("Change SSH key…", view!.Instance.WhyNotAskGuest ?? Busy, ChangeKeyAsync),
            new("Rescue…", view!.Instance.WhyNotRescue ?? Busy, RescueAsync),
            new("Rebuild…", view!.Instance.WhyNotRebuild ?? Busy, RebuildAsync, IsDangerous: true),
        ];

    private async Task ResizeAsync()
    {
        var instance = view!.Instance;
        var (offers, monthEnd) = await ResizeOffer.LoadAsync(
            dbs,
            prices,
            await current.GetAsync(),
            instance,
            clock.GetUtcNow(),
            left.Token
        );
        await ResizeDialog.ShowAsync(dialogs, instance, offers, monthEnd);
        await LoadAsync();
    }

    private async Task MakeImageAsync()
    {
        var instance = view!.Instance;
        await CreateImageDialog.ShowAsync(
            dialogs,
            instance,
            await ImageOffer.LoadAsync(dbs, prices, await current.GetAsync(), instance, clock.GetUtcNow(), left.Token)
        );
    }

    private async Task RescueAsync()
    {
        var instance = view!.Instance;
        const string into = "into a small system in memory, with its disks attached. For when its own system does not come up.";
        var (text, verb) = instance.WhyNotStart is null
            ? (
                $"It starts {into} {(await RunOffer.LoadAsync(dbs, prices, await current.GetAsync(), instance, clock.GetUtcNow(), left.Token)).Sentence}",
                "Start into rescue"
            )
            : ($"Shuts down (forced off after 20 s) and restarts {into} The price stays the same.", "Restart into rescue");
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation($"Rescue {instance.Name}?", text, verb, null)))
        {
            await ActAsync(InstanceAction.Rescue);
        }
    }

    private Task ResetPasswordAsync() => PasswordDialog.ShowAsync(dialogs, view!.Instance);

    private async Task ChangeKeyAsync()
    {
        var account = (await current.GetAsync()).AccountId;
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        var keys = await db
            .KeyPairs.AsNoTracking()
            .Where(key => key.AccountId == account && key.PublicKey != view!.Instance.PublicKey)
            .OrderByDescending(key => key.CreatedAt)
            .ToListAsync(left.Token);
        await KeyDialog.ShowAsync(dialogs, view!.Instance, keys);
        await LoadAsync();
    }

    private async Task RebuildAsync()
    {
        await RebuildDialog.ShowAsync(
            dialogs,
            view!.Instance,
            await RebuildOffer.LoadAsync(dbs, prices, await current.GetAsync(), view.Instance, clock.GetUtcNow(), left.Token)
        );
        await LoadAsync();
    }
}
