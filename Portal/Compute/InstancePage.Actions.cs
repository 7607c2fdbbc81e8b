using Portal.Shared;

namespace Portal.Compute;

/// <summary>The rarer things that can be done with an instance.</summary>
public sealed partial class InstancePage
{
    private IReadOnlyList<MenuItem> Rarer =>
    [
        new("Resize…", view!.Instance.WhyNotResize ?? Busy, ResizeAsync),
    ];

    private async Task ResizeAsync()
    {
        var instance = view!.Instance;
        var (offers, monthEnd) = await ResizeOffer.LoadAsync(dbs, prices, await current.GetAsync(), instance, clock.GetUtcNow(), left.Token);
        await ResizeDialog.ShowAsync(dialogs, instance, offers, monthEnd);
        await LoadAsync();
    }
}
