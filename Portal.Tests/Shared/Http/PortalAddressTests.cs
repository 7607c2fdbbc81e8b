using Microsoft.AspNetCore.Builder;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>Where Production says what its address is.</summary>
public sealed class PortalAddressTests
{
    [Theory]
    [InlineData("Production", "", "Portal__Url is not set")]
    [InlineData("Production", "portal.example.com", "Portal__Url is “portal.example.com”: it must be an address without a path")]
    [InlineData(
        "Production",
        "https://example.com/portal",
        "Portal__Url is “https://example.com/portal”: it must be an address without a path"
    )]
    [InlineData(
        "Production",
        "http://portal.example.com",
        "Portal__Url is “http://portal.example.com”: outside this machine Portal is served by https only"
    )]
    [InlineData("Development", "ftp://localhost", "Portal__Url is “ftp://localhost”: it must be an address without a path")]
    public void An_address_that_is_missing_or_could_not_be_one_stops_the_start(string environment, string url, string sentence)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = environment,
                Args = ["--ConnectionStrings:Portal=Host=localhost", $"--Portal:Url={url}"],
            }
        );
        Assert.StartsWith(sentence, Assert.Throws<StartRefusedException>(builder.AddPortal).Message, StringComparison.Ordinal);
    }
}
