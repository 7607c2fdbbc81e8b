using Microsoft.EntityFrameworkCore;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class OverviewPage(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    private Overview? view;

    protected override bool Concerns(Change seen) => seen.Table is "Regions" or "Incidents" or "Instances" or "Mails" or "Accounts";

    private static string Used(Region region) =>
        $"{Format.Memory(region.TotalMemoryMiB - region.FreeMemoryMiB)} of {Format.Memory(region.TotalMemoryMiB)} used";

    protected override async Task LoadAsync()
    {
        await Current.GetOperatorAsync();
        view = await Overview.LoadAsync(dbs, clock.GetUtcNow(), Left);
    }
}
