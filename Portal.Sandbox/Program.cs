using Portal.Sandbox;

var builder = WebApplication.CreateBuilder(args);
if (SandboxHost.WhyNotStart(builder.Configuration, builder.Environment) is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return 1;
}

builder.AddSandbox();
var app = builder.Build();
app.UseSandbox();
await app.RunAsync();
return 0;
