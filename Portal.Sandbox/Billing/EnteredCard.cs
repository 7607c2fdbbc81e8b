using System.Globalization;

namespace Portal.Sandbox.Billing;

/// <summary>What someone typed on the card page, and what is wrong with it, in Stripe's words.</summary>
public sealed record EnteredCard(string Name, string Number, string Expiry, string Cvc)
{
    private string Digits => new([.. Number.Where(char.IsAsciiDigit)]);

    internal TestCard? Card => TestCard.OfNumber(Digits);

    public string Last4 => Digits[^4..];

    public (int Month, int Year)? Expires
    {
        get
        {
            var parts = Expiry.Split(['/', '-', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts is [{ Length: 4 } joined])
            {
                parts = [joined[..2], joined[2..]];
            }

            return
                parts is [var first, var second]
                && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var month)
                && month is >= 1 and <= 12
                && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var year)
                && second.Length is 2 or 4
                ? (month, second.Length == 2 ? 2000 + year : year)
                : null;
        }
    }

    /// <summary>Field and sentence of everything that is wrong.</summary>
    public IReadOnlyDictionary<string, string> Problems(DateTimeOffset now)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Digits.Length is < 12 or > 19 || !Number.All(c => char.IsAsciiDigit(c) || c is ' ' or '-'))
        {
            found["number"] = "Your card number is incomplete.";
        }
        else if (!PassesLuhn(Digits))
        {
            found["number"] = "Your card number is invalid.";
        }

        if (Expires is not { } expires)
        {
            found["expiry"] = "Your card's expiration date is incomplete.";
        }
        else if (expires.Year < now.Year || (expires.Year == now.Year && expires.Month < now.Month))
        {
            found["expiry"] = "Your card's expiration date is in the past.";
        }
        else if (expires.Year > now.Year + 50)
        {
            found["expiry"] = "Your card's expiration year is invalid.";
        }

        if (Cvc.Length != (Card is { Brand: "amex" } ? 4 : 3) || !Cvc.All(char.IsAsciiDigit))
        {
            found["cvc"] = "Your card's security code is incomplete.";
        }

        if (string.IsNullOrWhiteSpace(Name))
        {
            found["name"] = "Enter the name on the card.";
        }

        return found;
    }

    /// <summary>ISO/IEC 7812-1, annex B: every second digit from the right is doubled, the sum must end in 0.</summary>
    private static bool PassesLuhn(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            var doubled = i % 2 == 1 ? digit * 2 : digit;
            sum += doubled > 9 ? doubled - 9 : doubled;
        }

        return sum % 10 == 0;
    }
}
