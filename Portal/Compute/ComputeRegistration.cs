using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) =>
        services
            .AddSingleton<CreateInstance>()
            .AddSingleton<ChangeInstance>()
            .AddSingleton<TagInstance>()
            .AddSingleton<EditInstance>()
            .AddSingleton<ResizeInstance>()
            .AddSingleton<RebuildInstance>()
            .AddSingleton<CreateImage>()
            .AddSingleton<ChangeImage>()
            .AddSingleton<KeyPairs>()
            .AddSingleton<GuestSecrets>()
            .AddSingleton<ChangeGuest>()
            .AddSingleton<ConsoleTickets>()
            .AddSingleton<ConsoleRelay>()
            .AddSingleton<ConsoleEndpoints>()
            .AddScoped<SshKeyMaker>();

    public static void MapCompute(this WebApplication app)
    {
        // Not MapGet: over HTTP/2 a WebSocket begins with CONNECT.
        app.Map("/console/{id:guid}", (Guid id, HttpContext http, ConsoleEndpoints consoles) => consoles.BrowserAsync(http, id))
            .RequireAuthorization();
        app.Map("/console/worker/{id:guid}", (Guid id, HttpContext http, ConsoleEndpoints consoles) => consoles.WorkerAsync(http, id))
            .AllowAnonymous()
            .ForPrograms("a worker shows the secret of the ticket that a browser has just used");
    }
}
