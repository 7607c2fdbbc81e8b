using Portal.Shared;

namespace Portal.Accounts;

internal static class SettingsEndpoints
{
    public static void MapSettings(this WebApplication app)
    {
        app.MapPost("/passkeys/request-options", (Passkeys passkeys) => passkeys.RequestOptionsAsync())
            .AllowAnonymous()
            .RequireRateLimiting(AttemptLimits.AnonymousForm)
            .RequireValidForm()
            .ForScripts();
        app.MapPost("/proof/check", (Delegate)ProveAsync).RequireAuthorization().RequireValidForm().ForScripts();
        var settings = app.MapGroup("/settings").RequireAuthorization().RequireValidForm();
        settings.MapPost("/passkeys/creation-options", (Delegate)PasskeyOptionsAsync).ForScripts();
        settings.MapPost("/passkeys", (Delegate)AddPasskeyAsync);
        settings.MapPost("/passkeys/{id}/rename", (Delegate)RenamePasskeyAsync);
        settings.MapPost("/passkeys/{id}/remove", (string id, Passkeys passkeys, CancellationToken ct) => passkeys.RemoveAsync(id, ct));
        settings.MapPost(
            "/sessions/{id:guid}/revoke",
            async (Guid id, SessionList sessions, OwnAccount own, FreshProof proof, CancellationToken ct) =>
                !await proof.IsFreshAsync(await own.LoadAsync()) ? Results.LocalRedirect(FreshProof.PageFor("/settings?done=proven"))
                : await sessions.RevokeAsync(own.Actor, id, ct) ? Results.LocalRedirect("/settings#sessions")
                : Results.NotFound()
        );
        settings.MapPost(
            "/sessions/revoke-others",
            async (OwnAccount own, FreshProof proof) =>
            {
                if (!await proof.IsFreshAsync(await own.LoadAsync()))
                {
                    return Results.LocalRedirect(FreshProof.PageFor("/settings?done=proven"));
                }

                await own.RevokeOthersAsync(await own.LoadAsync());
                return Results.LocalRedirect("/settings?done=sessions");
            }
        );
    }

    private static async Task<IResult> PasskeyOptionsAsync(HttpContext http, Passkeys passkeys, CancellationToken ct) =>
        await passkeys.CreationOptionsAsync((await http.Request.ReadFormAsync(ct))["password"].ToString());

    private static async Task<IResult> AddPasskeyAsync(HttpContext http, Passkeys passkeys, CancellationToken ct)
    {
        var form = await http.Request.ReadFormAsync(ct);
        return await passkeys.AddAsync(
            form["credential"].ToString(),
            form["name"],
            form["password"].ToString(),
            form["enrols"] == "true",
            ct
        );
    }

    /// <summary>What the dialog of a page with a circuit sends.</summary>
    private static async Task<IResult> ProveAsync(
        HttpContext http,
        OwnAccount own,
        FreshProof proof,
        ProofReceipts receipts,
        CancellationToken ct
    )
    {
        var (form, user) = (await http.Request.ReadFormAsync(ct), await own.LoadAsync());

        // By what was asked for, be it empty: whoever enters no password is told so.
        var refusal =
            form["credential"].ToString() is { Length: > 0 } credential ? await proof.WhyNotPasskeyAsync(user, credential)
            : form.ContainsKey("password") ? await proof.WhyNotPasswordAsync(user, form["password"].ToString())
            : await proof.WhyNotCodeAsync(user, form["code"].ToString());
        return refusal is null ? Results.Text(receipts.Write(form["ticket"].ToString(), http.User)) : refusal.Answer();
    }

    private static async Task<IResult> RenamePasskeyAsync(string id, HttpContext http, Passkeys passkeys, CancellationToken ct) =>
        await passkeys.RenameAsync(id, (await http.Request.ReadFormAsync(ct))["name"], ct);
}
