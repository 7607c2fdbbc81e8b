using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Sandbox;

namespace Portal.Tests.Sandbox;

public sealed class SandboxHostTests
{
    [Fact]
    public void It_starts_in_development_on_the_loopback() =>
        Assert.Null(Why("Development", "http://127.0.0.1:12111;http://[::1]:12111;http://localhost:12111"));

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public void It_starts_nowhere_else(string environment) =>
        Assert.Contains("does not start in the environment", Why(environment, null), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://0.0.0.0:5000")]
    [InlineData("http://*:5000")]
    [InlineData("http://+:5000")]
    [InlineData("http://127.0.0.1:1;http://192.168.0.7:5000")]
    [InlineData("http://example.com")]
    public void It_listens_on_no_address_that_others_can_reach(string urls) =>
        Assert.Contains("loopback only", Why("Development", urls), StringComparison.Ordinal);

    [Fact]
    public void It_takes_no_endpoint_from_elsewhere() =>
        Assert.Contains(
            "--urls",
            SandboxHost.WhyNotStart(
                new ConfigurationBuilder().AddInMemoryCollection([new("Kestrel:Endpoints:A:Url", "http://0.0.0.0:1")]).Build(),
                new HostingEnvironment { EnvironmentName = "Development" }
            ),
            StringComparison.Ordinal
        );

    private static string? Why(string environment, string? urls) =>
        SandboxHost.WhyNotStart(
            new ConfigurationBuilder().AddInMemoryCollection([new("urls", urls)]).Build(),
            new HostingEnvironment { EnvironmentName = environment }
        );
}
