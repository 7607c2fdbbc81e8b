namespace Portal.Tests.Shared;

/// <summary>Tests of the real web on a database of their own. Derive, and use <see cref="Server"/>.</summary>
public abstract class ServedTests(TestPostgres postgres) : TestDatabase(postgres)
{
    protected PortalServer Server { get; private set; } = null!;

    /// <summary>Configuration that differs from the tests' usual one.</summary>
    protected virtual (string Key, string Value)[] Settings => [];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Server = await PortalServer.StartAsync(ConnectionString, settings: Settings);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }
}
