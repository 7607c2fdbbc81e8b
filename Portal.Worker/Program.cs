using Portal.Worker;
using Portal.Worker.Engines;

if (args is ["publish", ..])
{
    return await PublishCommand.RunAsync(args);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddWorker();
var app = builder.Build();
app.MapWorkerHealth();
await app.RunAsync();
return 0;
