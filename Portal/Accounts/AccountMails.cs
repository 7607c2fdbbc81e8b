using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>The mails that accounts send, as rows for the outbox.</summary>
public sealed class AccountMails(UserManager<User> users, IHttpContextAccessor http, IConfiguration configuration, TimeProvider clock)
{
    public async Task<Mail> ConfirmAsync(User user) => Write(user, "Confirm your e-mail address",
        "Welcome to Portal. Open this link to confirm your address; then you can create instances.",
        "Confirm address", Link("confirm-email", user, await users.GenerateEmailConfirmationTokenAsync(user)),
        "If you did not sign up, ignore this mail: nobody can use your address without this link.");

    /// <summary>To the owner of an address with which somebody, perhaps they, signed up again.</summary>
    public Mail AlreadyYours(User user) => Write(user, "You already have a Portal account",
        "Somebody, perhaps you, signed up for Portal with this address. It already belongs to your account, so sign in to that one.",
        "Sign in", $"{Origin}/sign-in",
        $"Forgot the password? Choose a new one at {Origin}/forgot-password. If it was not you, you need not do anything.");

    public async Task<Mail> ResetAsync(User user) => Write(user, "Choose a new password",
        "Somebody, perhaps you, asked for a new password for your Portal account.",
        "Choose a new password", Link("reset-password", user, await users.GeneratePasswordResetTokenAsync(user)),
        "If it was not you, ignore this mail: your password stays as it is.");

    /// <summary>Tells the owner of a change that a thief would make.</summary>
    public Mail Changed(User user, string what) => Write(user, $"{what} on your Portal account",
        $"{what} on your Portal account at {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC.",
        "Look at your settings", $"{Origin}/settings",
        $"If it was not you, choose a new password at once: {Origin}/forgot-password");

    /// <summary>A token as it travels in a link, and back.</summary>
    public static string? TokenOf(string? code)
    {
        try
        {
            return code is null ? null : Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(code));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    // Links of mails are built on the configured address, since a request's Host is whatever its sender wrote.
    private string Origin => (configuration["Portal:Url"] ?? $"{http.HttpContext!.Request.Scheme}://{http.HttpContext.Request.Host}").TrimEnd('/');

    private string Link(string page, User user, string token) =>
        $"{Origin}/{page}?user={user.Id}&code={WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(token))}";

    private Mail Write(User user, string subject, string opening, string button, string link, string closing) =>
        Mail.Write(user.AccountId, user.Email!, subject, opening, (button, link), closing, clock.GetUtcNow());
}
