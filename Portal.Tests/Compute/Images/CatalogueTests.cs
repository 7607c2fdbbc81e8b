using Microsoft.EntityFrameworkCore;
using Portal.Compute;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>What the create page offers first.</summary>
[Trait("Needs", "database")]
public sealed class CatalogueTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("KVM", "Debian 13", "")]
    [InlineData("TCG: /dev/kvm is not there", "Tiny", " Guests are emulated on this machine: it takes several minutes to boot.")]
    public async Task Where_guests_are_emulated_the_tiny_image_is_chosen_first_and_Debian_says_that_it_takes_minutes(
        string virtualization,
        string chosen,
        string warning
    )
    {
        var ada = await AnAccount.ReadyAsync(this);
        var debian = await AnAccount.ImageAsync(this, "Debian 13", minMemoryMiB: 512);
        await AnAccount.ImageAsync(this, "Tiny", minMemoryMiB: 64);
        await using (var db = CreateDbContext())
        {
            await db.Regions.ExecuteUpdateAsync(set => set.SetProperty(region => region.Virtualization, virtualization), Ct);
        }

        var catalogue = await LoadAsync(ada);
        Assert.Equal(chosen, catalogue.DefaultImage?.Name);
        Assert.Equal(debian.Description + warning, catalogue.About(catalogue.Images.Single(image => image.Id == debian.Id)));
        var tiny = catalogue.Images.Single(image => image.Name == "Tiny");
        Assert.Equal(tiny.Description, catalogue.About(tiny));
    }

    private Task<Catalogue> LoadAsync(Actor actor) =>
        Catalogue.LoadAsync(this, new PriceList(this, TimeProvider.System), actor, AnAccount.Now, Ct);
}
