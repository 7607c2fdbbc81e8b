using Portal.Model.Closing;

namespace Portal.Closing;

public static class ClosingRegistration
{
    public static IServiceCollection AddClosing(this IServiceCollection services) =>
        services.AddSingleton<CloseAccount>().AddSingleton<ClosingTickets>().AddScoped<CloseOwnAccount>();

    public static void MapClosing(this WebApplication app) => app.MapGet("/closing/{ticket}/changes", ClosingChanges.Run).AllowAnonymous();
}
