namespace Portal.Accounts.Settings;

internal static class SettingsEndpoints
{
    public static void MapSettings(this WebApplication app)
    {
        app.MapPost("/passkeys/request-options", (Passkeys passkeys) => passkeys.RequestOptionsAsync())
            .AllowAnonymous().RequireRateLimiting(AttemptLimits.AnonymousForm).RequireValidForm();
        var settings = app.MapGroup("/settings").RequireAuthorization().RequireValidForm();
        settings.MapPost("/passkeys/creation-options", (Delegate)PasskeyOptionsAsync);
        settings.MapPost("/passkeys", (Delegate)AddPasskeyAsync);
        settings.MapPost("/passkeys/{id}/rename", (Delegate)RenamePasskeyAsync);
        settings.MapPost("/passkeys/{id}/remove", (string id, Passkeys passkeys, CancellationToken ct) => passkeys.RemoveAsync(id, ct));
        settings.MapPost("/sessions/{id:guid}/revoke", async (Guid id, SessionList sessions, OwnAccount own, CancellationToken ct) =>
            await sessions.RevokeAsync(own.Actor, id, ct) ? Results.LocalRedirect("/settings#sessions") : Results.NotFound());
        settings.MapPost("/sessions/revoke-others", async (OwnAccount own) =>
        {
            await own.RevokeOthersAsync(await own.LoadAsync());
            return Results.LocalRedirect("/settings?done=sessions");
        });
    }

    private static async Task<IResult> PasskeyOptionsAsync(HttpContext http, Passkeys passkeys, CancellationToken ct) =>
        await passkeys.CreationOptionsAsync((await http.Request.ReadFormAsync(ct))["password"].ToString());

    private static async Task<IResult> AddPasskeyAsync(HttpContext http, Passkeys passkeys, CancellationToken ct)
    {
        var form = await http.Request.ReadFormAsync(ct);
        return await passkeys.AddAsync(form["credential"].ToString(), form["name"], form["password"].ToString(), ct);
    }

    private static async Task<IResult> RenamePasskeyAsync(string id, HttpContext http, Passkeys passkeys, CancellationToken ct) =>
        await passkeys.RenameAsync(id, (await http.Request.ReadFormAsync(ct))["name"], ct);
}
