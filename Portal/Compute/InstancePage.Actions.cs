using Portal.Shared;

namespace Portal.Compute;

/// <summary>The rarer things that can be done with an instance.</summary>
public sealed partial class InstancePage
{
    private IReadOnlyList<MenuItem> Rarer =>
    [
        new("Resize…", view!.Instance.WhyNotResize ?? Busy, ResizeAsync),
        new("Make an image…", view!.Instance.WhyNotImage ?? Busy, MakeImageAsync),
        new("Rebuild…", view!.Instance.WhyNotRebuild ?? Busy, RebuildAsync, IsDangerous: true),
    ];

    private async Task ResizeAsync()
    {
        var instance = view!.Instance;
        var (offers, monthEnd) = await ResizeOffer.LoadAsync(dbs, prices, await current.GetAsync(), instance, clock.GetUtcNow(), left.Token);
        await ResizeDialog.ShowAsync(dialogs, instance, offers, monthEnd);
        await LoadAsync();
    }

    private async Task MakeImageAsync()
    {
        var instance = view!.Instance;
        await CreateImageDialog.ShowAsync(dialogs, instance, await ImageOffer.LoadAsync(dbs, prices, await current.GetAsync(), instance, clock.GetUtcNow(), left.Token));
    }

    private async Task RebuildAsync()
    {
        await RebuildDialog.ShowAsync(dialogs, view!.Instance, await RebuildOffer.LoadAsync(dbs, prices, await current.GetAsync(), view.Instance, clock.GetUtcNow(), left.Token));
        await LoadAsync();
    }
}
