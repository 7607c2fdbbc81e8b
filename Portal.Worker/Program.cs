using Portal.Worker;

var builder = WebApplication.CreateBuilder(args);
builder.AddWorker();
var app = builder.Build();
app.MapWorkerHealth();
await app.RunAsync();
