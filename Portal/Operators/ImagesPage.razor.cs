using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class ImagesPage(IDbContextFactory<PortalDb> dbs, ImageCatalogue catalogue, IDialogService dialogs)
{
    private IReadOnlyList<Image>? images;
    private NewImage draft = new();
    private bool adding;
    private string? refusal;

    protected override bool Concerns(Change seen) => seen.Table is "Images";

    protected override async Task LoadAsync()
    {
        await Current.GetOperatorAsync();
        await using var db = await dbs.CreateDbContextAsync(Left);
        images = await db
            .Images.AsNoTracking()
            .OrderBy(image => image.State == ImageState.Retired)
            .ThenByDescending(image => image.CreatedAt)
            .ToListAsync(Left);
    }

    private async Task AddAsync()
    {
        refusal = await ProofDialog.RunAsync(dialogs, async () => await catalogue.AddAsync(await Current.GetOperatorAsync(), draft, Left));
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
                async () => await catalogue.RetireAsync(await Current.GetOperatorAsync(), image.Id, Left)
            );
            await LoadAsync();
        }
    }
}
