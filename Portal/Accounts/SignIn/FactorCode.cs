namespace Portal.Accounts;

/// <summary>
/// A code of somebody's authenticator app, or a recovery code, as it was typed: at the sign-in, as a proof, and for an operator's new
/// password.
/// </summary>
internal static class FactorCode
{
    public const string Wrong = "That code is incorrect, or it was used already.";

    /// <summary>Without the blanks that apps and lists show between its groups.</summary>
    public static string Of(string typed) => new([.. typed.Where(c => !char.IsWhiteSpace(c))]);

    /// <summary>Whether it is meant for the app; what is not is a recovery code.</summary>
    public static bool IsOfApp(string code) => code.Length == 6 && code.All(char.IsAsciiDigit);

    public static string TooMany(Guess guess) => $"Too many wrong codes. Wait {Guess.InWords(guess.Wait)}.";
}
