using Portal;
using Portal.Operators;

var builder = WebApplication.CreateBuilder(args);
builder.AddPortal();
await using var app = builder.Build();
switch (args)
{
    case ["migrate", ..]:
        return await Commands.MigrateAsync(app.Services, Console.Error, app.Lifetime.ApplicationStopping);
    case ["create-operator", var email, "--role", var role]:
        return await Commands.CreateOperatorAsync(app.Services, email, role, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
    case ["create-operator", var email, ..]:
        return await Commands.CreateOperatorAsync(app.Services, email, null, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
    case ["reset-operator-factor", var email, ..]:
        return await Commands.ResetOperatorFactorAsync(app.Services, email, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
    default:
        app.UsePortal();
        await app.RunAsync();
        return 0;
}
