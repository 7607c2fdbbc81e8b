using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class ImagesPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    ImageCatalogue catalogue,
    LiveUpdates live,
    IDialogService dialogs
) : IDisposable
{
    private readonly PageLifetime left = new();
    private IReadOnlyList<Image>? images;
    private NewImage draft = new();
    private bool adding;
    private string? refusal;
    private IDisposable? listening;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            listening = live.Subscribe(
                seen => seen.Table is "Images",
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }
    }

    private async Task LoadAsync()
    {
        await current.GetOperatorAsync();
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        images = await db
            .Images.AsNoTracking()
            .OrderBy(image => image.State == ImageState.Retired)
            .ThenByDescending(image => image.CreatedAt)
            .ToListAsync(left.Token);
    }

    private async Task AddAsync()
    {
        refusal = await ProofDialog.RunAsync(
            dialogs,
            async () => await catalogue.AddAsync(await current.GetOperatorAsync(), draft, left.Token)
        );
        if (refusal is null)
        {
            (draft, adding) = (new NewImage(), false);
            await LoadAsync();
        }
    }

    private async Task RetireAsync(Image image)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation($"Retire {image.Name}?", "It is no longer offered. Instances made from it go on.", "Retire", null)
            )
        )
        {
            refusal = await ProofDialog.RunAsync(
                dialogs,
                async () => await catalogue.RetireAsync(await current.GetOperatorAsync(), image.Id, left.Token)
            );
            await LoadAsync();
        }
    }
}
