using Portal;
using Portal.Model.Shared;
using Portal.Operators;

return await StartRefusedException.TellAsync(
    Console.Error,
    async () =>
    {
        if (args is ["new-wrapping-key", var file])
        {
            WrappingKeys.Add(file);
            return 0;
        }

        var builder = WebApplication.CreateBuilder(args);
        builder.AddPortal();
        await using var app = builder.Build();
        switch (args)
        {
            case ["migrate", ..]:
                return await Commands.MigrateAsync(app.Services, Console.Error, app.Lifetime.ApplicationStopping);
            case ["create-operator", var email, "--role", var role]:
                return await Commands.CreateOperatorAsync(
                    app.Services,
                    email,
                    role,
                    Console.Out,
                    Console.Error,
                    app.Lifetime.ApplicationStopping
                );
            case ["reset-operator-factor", var email]:
                return await Commands.ResetOperatorFactorAsync(
                    app.Services,
                    email,
                    Console.Out,
                    Console.Error,
                    app.Lifetime.ApplicationStopping
                );
            case ["create-operator", var email]:
                return await Commands.CreateOperatorAsync(
                    app.Services,
                    email,
                    null,
                    Console.Out,
                    Console.Error,
                    app.Lifetime.ApplicationStopping
                );
            case ["create-operator" or "reset-operator-factor", ..]:
                await Console.Error.WriteLineAsync(
                    "Usage: create-operator EMAIL [--role Support|Billing|Infrastructure|Admin], or reset-operator-factor EMAIL."
                );
                return 1;
            case ["rotate-key-ring", ..]:
                return await Commands.RotateKeyRingAsync(app.Services, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
            case ["erase-audit", var accountId, ..]:
                return await Commands.EraseAuditAsync(
                    app.Services,
                    accountId,
                    Console.Out,
                    Console.Error,
                    app.Lifetime.ApplicationStopping
                );
            case ["restored", var taken]:
                return await Commands.RestoredAsync(app.Services, taken, Console.Error, app.Lifetime.ApplicationStopping);
            default:
                await StartCheck.RunAsync(app.Services, app.Lifetime.ApplicationStopping);
                app.UsePortal();
                await app.RunAsync();
                return 0;
        }
    }
);
