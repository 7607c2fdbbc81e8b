using Portal.Model.Shared;
using Portal.Worker;
using Portal.Worker.Engines;

return await StartRefusedException.TellAsync(
    Console.Error,
    async () =>
    {
        if (args is ["publish", ..])
        {
            return await PublishCommand.RunAsync(args);
        }

        var builder = WebApplication.CreateBuilder(args);
        builder.AddWorker();
        await using var app = builder.Build();
        await StartCheck.RunAsync(app.Services, app.Lifetime.ApplicationStopping);
        app.MapWorkerHealth();
        await app.RunAsync();
        return 0;
    }
);
