using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>Which guest has which uid.</summary>
public sealed class GuestUidsTests : IDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-uids-");

    public GuestUidsTests()
    {
        Directory.CreateDirectory(Path.Combine(home.FullName, "engine", "uids"));
        File.WriteAllText(
            Path.Combine(home.FullName, "engine", "settings"),
            "name=n\nrun=/run/n\nuid=64055\ngid=64055\nuids=5000:4\ndns=nobody:65534\nwalls=uid\nvirtualization=KVM\n"
        );
    }

    [Fact]
    public void Each_guest_keeps_its_own_and_one_that_was_released_is_given_again_last()
    {
        var uids = new GuestUids(new EngineFolder(home.FullName));
        Assert.Equal([5001, 5002, 5001], [uids.Of(Id(1)), uids.Of(Id(2)), uids.Of(Id(1))]);
        uids.Release(Id(1));
        Assert.Null(uids.Find(Id(1)));

        // Another process, such as the worker's next version, finds what was written down.
        var next = new GuestUids(new EngineFolder(home.FullName));
        Assert.Equal([5002, 5003, 5001], [next.Of(Id(2)), next.Of(Id(3)), next.Of(Id(4))]);
        var failure = Assert.Throws<Model.Shared.EngineException>(() => next.Of(Id(5)));
        Assert.Equal("The host has no more users for guests.", failure.Message);
    }

    [Fact]
    public void An_engine_that_an_earlier_version_started_is_to_be_started_again()
    {
        File.WriteAllText(
            Path.Combine(home.FullName, "engine", "settings"),
            "name=n\nrun=/run/n\nuid=64055\ngid=64055\nvirtualization=KVM\n"
        );
        Assert.Equal(
            "The engine was started by an earlier version: bin/engine start.",
            Assert.Throws<Model.Shared.EngineException>(() => new EngineFolder(home.FullName).Settings()).Message
        );
    }

    public void Dispose() => home.Delete(recursive: true);

    private static string Id(int number) => $"i-{number:x17}";
}
