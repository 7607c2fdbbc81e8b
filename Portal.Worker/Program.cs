using Portal.Model.Shared;
using Portal.Worker;
using Portal.Worker.Engines;

if (args is ["publish", ..])
{
    return await PublishCommand.RunAsync(args);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddWorker();
await using var app = builder.Build();
if (await StartCheck.WhyNotAsync(app.Services, app.Lifetime.ApplicationStopping) is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return StartCheck.ExitCode;
}

app.MapWorkerHealth();
await app.RunAsync();
return 0;
