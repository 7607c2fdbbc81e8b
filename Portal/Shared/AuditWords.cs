using Portal.Accounts;

namespace Portal.Shared;

/// <summary>What happened at the door in words; the verbs of resources stay those that EC2's users know.</summary>
public static class AuditWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["SignUp"] = "Signed up",
        ["ConfirmEmail"] = "Confirmed the e-mail address",
        [nameof(SecurityEvent.SignIn)] = "Signed in",
        [nameof(SecurityEvent.FailedSignIn)] = "Wrong password at the sign-in",
        [nameof(SecurityEvent.ThrottledSignIn)] = "Sign-in refused after too many tries",
        [nameof(SecurityEvent.FailedCode)] = "Wrong code of the second factor",
        [nameof(SecurityEvent.ThrottledCode)] = "Code refused after too many tries",
        [nameof(SecurityEvent.FailedPasskey)] = "A passkey was refused",
        [nameof(SecurityEvent.FailedProof)] = "Wrong password in the settings",
        [nameof(SecurityEvent.ThrottledProof)] = "Password refused after too many tries",
        [nameof(SecurityEvent.SignOut)] = "Signed out",
        [nameof(SecurityEvent.RevokeSession)] = "Ended a session",
        [nameof(SecurityEvent.RevokeOtherSessions)] = "Ended all other sessions",
        [nameof(SecurityEvent.AskPasswordReset)] = "Asked for a new password by mail",
        [nameof(SecurityEvent.ResetPassword)] = "Chose a new password by mail",
        [nameof(SecurityEvent.FailedReset)] = "A link for a new password was refused",
        [nameof(SecurityEvent.ChangePassword)] = "Changed the password",
        [nameof(SecurityEvent.EnableSecondFactor)] = "Turned the second factor on",
        [nameof(SecurityEvent.DisableSecondFactor)] = "Turned the second factor off",
        [nameof(SecurityEvent.NewRecoveryCodes)] = "Made new recovery codes",
        [nameof(SecurityEvent.AddPasskey)] = "Added a passkey",
        [nameof(SecurityEvent.RemovePasskey)] = "Removed a passkey",
        [nameof(SecurityEvent.AskAddressChange)] = "Asked for another e-mail address",
        [nameof(SecurityEvent.ChangeAddress)] = "Changed the e-mail address",
        [nameof(SecurityEvent.UndoAddressChange)] = "Took back the change of the e-mail address",
        [nameof(SecurityEvent.UndoFactorChange)] = "Took back a change of the second factor or the passkeys",
        [nameof(SecurityEvent.CreateOperator)] = "Was made an operator",
        [nameof(SecurityEvent.ResetOperatorFactor)] = "Lost the second factor, taken away on the machine",
        [nameof(SecurityEvent.AccessDenied)] = "Refused a page for operators",
        [nameof(SecurityEvent.ForeignOrigin)] = "Refused what another site asked for",
        [nameof(SecurityEvent.OddRequest)] = "Refused what no page of Portal sends",
    };

    public static string Of(string action) => Words.GetValueOrDefault(action, action);
}
