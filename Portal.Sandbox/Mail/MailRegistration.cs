using Microsoft.AspNetCore.Http.HttpResults;

namespace Portal.Sandbox.Mail;

internal static class MailRegistration
{
    public static IServiceCollection AddMail(this IServiceCollection services) =>
        services.AddSingleton<Inbox>().AddSingleton<MailServer>().AddHostedService(provider => provider.GetRequiredService<MailServer>());

    public static void MapMail(this WebApplication app)
    {
        app.MapGet("/inbox", (string? to) => new RazorComponentResult<InboxPage>(new { To = to }));
        app.MapGet(
            "/inbox/{id:int}",
            IResult (int id, Inbox inbox) =>
                inbox.Find(id) is { } message
                    ? new RazorComponentResult<MessagePage>(new { Message = message })
                    : Results.NotFound("There is no such message.")
        );
        app.MapGet("/_sandbox/inbox", (string? to, Inbox inbox) => inbox.List(to));
        app.MapDelete("/_sandbox/inbox", (Inbox inbox) => inbox.Clear());
    }
}
