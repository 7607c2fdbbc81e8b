using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Compute;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

[Trait("Needs", "browser")]
public sealed class OperatorPagesTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    [Fact]
    public async Task An_operator_adds_an_image_sees_it_prepared_and_retires_it()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator/images");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add an image" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Debian 13");
        await page.GetByLabel("Address").FillAsync("https://cloud.example.com/debian-13.qcow2");
        await page.GetByLabel("SHA-256").FillAsync("1234");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("64 hexadecimal digits");
        await ABrowser.AssertAccessibleAsync(page, "operator-add-image");
        await page.GetByLabel("SHA-256").FillAsync(new string('a', 64));
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Debian 13" });
        await Assertions.Expect(row.Locator(".state.preparing")).ToBeVisibleAsync();

        await using var db = CreateDbContext();
        await db
            .Images.Where(image => image.Name == "Debian 13")
            .ExecuteUpdateAsync(set => set.SetProperty(image => image.State, ImageState.Available));
        await Assertions.Expect(row.Locator(".state.available")).ToBeVisibleAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Retire" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Retire" }).ClickAsync();
        await Assertions.Expect(row.Locator(".state.retired")).ToBeVisibleAsync();
        Assert.Equal(
            ["RegisterImage", "DeregisterImage"],
            await db
                .AuditEntries.Where(entry => entry.ResourceId != null)
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync()
        );
    }

    [Fact]
    public async Task The_overview_tells_virtualization_capacity_and_incidents_as_they_change()
    {
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator");
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        await db.Regions.ExecuteUpdateAsync(set =>
            set.SetProperty(region => region.Virtualization, "KVM")
                .SetProperty(region => region.SeenAt, now)
                .SetProperty(region => region.TotalVcpus, 8)
                .SetProperty(region => region.FreeVcpus, 5)
                .SetProperty(region => region.Walls, "uid,seccomp,mount,cpu,io,processes")
                .SetProperty(region => region.GuestsWaiting, 2)
        );
        db.Add(
            new Model.Operators.Incident
            {
                ResourceId = "i-0123",
                Kind = "deadline",
                Message = "It has been pending for 6 min.",
                OpenedAt = now,
            }
        );
        await db.SaveChangesAsync();
        await Assertions.Expect(page.GetByText("3 of 8 used")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("KVM")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("a limit of memory · AppArmor or SELinux")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("2 running guests share a user from before the upgrade")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("It has been pending for 6 min.")).ToBeVisibleAsync();
        var account = await db.Accounts.Select(row => row.Id).FirstAsync();
        await page.GetByLabel("Account or e-mail address").FillAsync(account);
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow mail" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = $"Withdraw mail of {account}" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "operator");

        await using (var services = TestPostgres.ServicesOf(ConnectionString, TestPostgres.KeyRingFile))
        {
            Assert.Equal(
                0,
                await Commands.RestoredAsync(services, "2026-11-23T12:00:00Z", TextWriter.Null, TestContext.Current.CancellationToken)
            );
        }

        // Who was signed in is not any more.
        page = await browser.SignInAsync(Server, await Server.AddPersonAsync(isOperator: true), "/operator");
        await Assertions.Expect(page.GetByText("This database is from")).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "operator-restored");
        await page.GetByRole(AriaRole.Button, new() { Name = "It was reconciled" }).ClickAsync();
        await Assertions.Expect(page.GetByText("This database is from")).ToHaveCountAsync(0);
    }
}

public sealed class NewImageTests
{
    [Theory]
    [InlineData("", "https://example.com/a", 64, "debian", "Give it a name.")]
    [InlineData("Debian", "file:///etc/shadow", 64, "debian", "The address must begin with https:// or http://.")]
    [InlineData("Debian", "https://user:secret@example.com/a", 64, "debian", "The address must begin with https:// or http://.")]
    [InlineData(
        "Debian",
        "https://010.0.0.1/a",
        64,
        "debian",
        "The address leads to 8.0.0.1, which is not what it says: write four decimal numbers without leading zeros."
    )]
    [InlineData("Debian", "https://203.0.113.9:8443/a", 64, "debian", null)]
    [InlineData(
        "Debian",
        "https://example.com/a",
        63,
        "debian",
        "The SHA-256 sum has 64 hexadecimal digits; the image's publisher tells it."
    )]
    [InlineData("Debian", "https://example.com/a", 64, "root;reboot", "The SSH user is a Linux user's name, such as debian.")]
    [InlineData("Debian", "https://example.com/a", 64, "debian", null)]
    public void An_image_is_refused_with_a_sentence(string name, string url, int digits, string user, string? sentence) =>
        Assert.Equal(
            sentence,
            new NewImage
            {
                Name = name,
                Url = url,
                Sha256 = new string('0', digits),
                SshUser = user,
            }.WhyNot
        );
}
