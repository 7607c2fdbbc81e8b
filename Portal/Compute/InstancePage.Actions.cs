using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>The rarer things that can be done with an instance.</summary>
public sealed partial class InstancePage
{
    private IReadOnlyList<MenuItem> Rarer =>
        [
            new("Resize…", View!.Instance.WhyNotResize ?? Busy, ResizeAsync),
            new("Create image…", View!.Instance.WhyNotImage ?? Busy, MakeImageAsync),
            new("Reset password…", View!.Instance.WhyNotAskGuest ?? Busy, ResetPasswordAsync),
            new("Change SSH key…", View!.Instance.WhyNotAskGuest ?? Busy, ChangeKeyAsync),
            new("Rescue…", View!.Instance.WhyNotRescue ?? Busy, RescueAsync),
            new("Rebuild…", View!.Instance.WhyNotRebuild ?? Busy, RebuildAsync, IsDangerous: true),
        ];

    private async Task ResizeAsync()
    {
        var instance = View!.Instance;
        var (offers, monthEnd) = await ResizeOffer.LoadAsync(Dbs, prices, await Current.GetAsync(), instance, Clock.GetUtcNow(), Left);
        await ResizeDialog.ShowAsync(dialogs, instance, offers, monthEnd);
        await LoadAsync();
    }

    private async Task MakeImageAsync()
    {
        var instance = View!.Instance;
        await CreateImageDialog.ShowAsync(
            dialogs,
            instance,
            await ImageOffer.LoadAsync(Dbs, prices, await Current.GetAsync(), instance, Clock.GetUtcNow(), Left)
        );
    }

    private async Task RescueAsync()
    {
        var instance = View!.Instance;
        const string into = "into a small system in memory, with its disks attached. For when its own system does not come up.";
        var (text, verb) = instance.WhyNotStart is null
            ? (
                $"It starts {into} {(await RunOffer.LoadAsync(Dbs, prices, await Current.GetAsync(), instance, Clock.GetUtcNow(), Left)).Sentence}",
                "Start into rescue"
            )
            : ($"Shuts down (forced off after 20 s) and restarts {into} The price stays the same.", "Restart into rescue");
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation($"Rescue {instance.Name}?", text, verb, null)))
        {
            await ActAsync(InstanceAction.Rescue);
        }
    }

    private Task ResetPasswordAsync() => PasswordDialog.ShowAsync(dialogs, View!.Instance);

    private async Task ChangeKeyAsync()
    {
        var account = (await Current.GetAsync()).AccountId;
        await using var db = await Dbs.CreateDbContextAsync(Left);
        var keys = await db
            .KeyPairs.AsNoTracking()
            .Where(key => key.AccountId == account && key.PublicKey != View!.Instance.PublicKey)
            .OrderByDescending(key => key.CreatedAt)
            .ToListAsync(Left);
        await KeyDialog.ShowAsync(dialogs, View!.Instance, keys);
        await LoadAsync();
    }

    private async Task RebuildAsync()
    {
        await RebuildDialog.ShowAsync(
            dialogs,
            View!.Instance,
            await RebuildOffer.LoadAsync(Dbs, prices, await Current.GetAsync(), View.Instance, Clock.GetUtcNow(), Left)
        );
        await LoadAsync();
    }
}
