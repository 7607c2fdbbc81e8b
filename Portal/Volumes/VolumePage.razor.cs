using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

public sealed partial class VolumePage(PriceList prices, ChangeVolume change, IDialogService dialogs)
{
    private string? name;

    /// <summary>Of the metrics.</summary>
    [SupplyParameterFromQuery]
    public string? Range { get; set; }

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } =
    [("overview", "Overview"), ("snapshots", "Snapshots"), ("metrics", "Metrics"), ("events", "Events")];

    protected override string Path => "/volumes";

    protected override Task<VolumeView?> ReadAsync(Actor actor, CancellationToken ct) =>
        VolumeView.LoadAsync(Dbs, prices, actor, Id, Shown, Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) => seen.Id == Id || seen.Table is "Instances" or "Snapshots" or "BackupSchedules";

    private static string FirstUse(Volume volume) =>
        $"sudo mkfs.ext4 {volume.GuestPath} && sudo mkdir -p /data && sudo mount {volume.GuestPath} /data";

    private Task AttachAsync(AttachForm.Wish wish) =>
        ActAsync(actor => change.AttachAsync(actor, Id, wish.InstanceId, wish.DeleteOnTermination, CancellationToken.None));

    private Task GrowAsync(int sizeGiB) => ActAsync(actor => change.GrowAsync(actor, Id, sizeGiB, CancellationToken.None));

    private async Task DetachAsync()
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Detach {View!.Volume.Name}?",
                    "Unmount it inside the instance first: what the instance has not written to it by then is lost.",
                    "Detach",
                    null
                )
            )
        )
        {
            await ActAsync(actor => change.DetachAsync(actor, Id, CancellationToken.None));
        }
    }

    private async Task DeleteAsync()
    {
        var doomed = View!.Volume.Name;
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Delete {doomed}?",
                    $"Everything on it is deleted. This cannot be undone. This month's bill: {Format.Money(View.Forecast.AtMonthEnd.Total)} → {Format.Money(View.MonthEndWithout)}.",
                    "Delete",
                    doomed
                )
            )
        )
        {
            await ActAsync(actor => change.DeleteAsync(actor, Id, CancellationToken.None));
        }
    }

    private async Task<Outcome> RenameAsync()
    {
        var outcome = (await change.RenameAsync(await Current.GetAsync(), Id, name ?? "", CancellationToken.None)).Outcome;
        name = outcome.IsDone ? null : name;
        return outcome;
    }

    private async Task<Outcome> TagAsync(IReadOnlyDictionary<string, string> tags)
    {
        var outcome = (await change.TagAsync(await Current.GetAsync(), Id, tags, CancellationToken.None)).Outcome;
        await RefreshAsync();
        return outcome;
    }

    private async Task<Outcome> ToggleDeleteOnTerminationAsync() =>
        (await change.KeepAsync(await Current.GetAsync(), Id, !View!.Volume.DeleteOnTermination, CancellationToken.None)).Outcome;

    private Task ActAsync(Func<Actor, Task<ResourceChange>> act) => ActAsync(async actor => (await act(actor)).Outcome);
}
