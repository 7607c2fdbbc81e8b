using Microsoft.AspNetCore.Builder;
using Portal.Model.Shared;

namespace Portal.Tests.Accounts;

public sealed class RegistrationTests
{
    [Fact]
    public void Production_does_not_start_without_the_address_for_the_links_in_mails()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", Args = ["--ConnectionStrings:Portal=Host=localhost"] });
        var error = Assert.Throws<StartRefusedException>(builder.AddPortal);
        Assert.StartsWith("Portal__Url is not set", error.Message, StringComparison.Ordinal);
    }
}
