using CsCheck;
using Portal.Accounts;
using Portal.Model.Accounts;

namespace Portal.Tests.Accounts;

public sealed class MailDomainTests
{
    [Theory]
    [InlineData("example.com", "example.com")]
    [InlineData("EXAMPLE.com", "example.com")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("BÜCHER.example", "xn--bcher-kva.example")]
    [InlineData("XN--bcher-KVA.example", "xn--bcher-kva.example")]
    [InlineData("日本語。jp", "xn--wgv71a119e.jp")]
    [InlineData("straße.de", "xn--strae-oqa.de")]
    [InlineData("STRAẞE.de", "xn--strae-oqa.de")]
    [InlineData("βόλος.com", "xn--nxasmm1c.com")]
    [InlineData("βόλοσ.com", "xn--nxasmq6b.com")]
    [InlineData("мойдомен.рф", "xn--d1acklchcc.xn--p1ai")]
    [InlineData("उदाहरण.भारत", "xn--p1b6ci4b4b3a.xn--h2brj9c")]
    public void A_domain_is_kept_as_the_DNS_has_it(string typed, string kept) => Assert.Equal(kept, MailDomain.ToAscii(typed));

    [Theory]
    [InlineData("bu\u0308cher.example", "Type it together with its letter")]
    [InlineData("ﬁsh.example", "“ﬁ”")]
    [InlineData("ｅxample.com", "“ｅ”")]
    [InlineData("ex\u200Dämple.com", "U+200D")]
    [InlineData("exämple\u00A0.com", "which no domain has")]
    [InlineData("☃.example", "“☃”")]
    [InlineData("İstanbul.example", "“İ”")]
    public void What_browsers_would_make_into_something_else_is_refused_with_a_sentence(string typed, string reason)
    {
        Assert.Null(MailDomain.ToAscii(typed));
        Assert.Contains(reason, EmailAddress.WhyNot($"jo@{typed}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jo@xn--bcher-kva.example", "jo@bücher.example")]
    [InlineData("jo@example.com", "jo@example.com")]
    [InlineData("xn--bcher-kva@example.com", "xn--bcher-kva@example.com")]
    [InlineData("jo@xn--d1acklchcc.xn--p1ai", "jo@мойдомен.рф")]
    [InlineData("jo@xn--pple-43d.com", "jo@xn--pple-43d.com")] // Its a is a Cyrillic one.
    [InlineData("jo@xn--80ak6aa92e.com", "jo@xn--80ak6aa92e.com")] // Looks like apple, and is Cyrillic as a whole.
    [InlineData("jo@xn--bucher-xyd.example", "jo@xn--bucher-xyd.example")] // Looks like bücher, and is another domain.
    [InlineData("jo@xn--oogle-qmc.com", "jo@xn--oogle-qmc.com")] // Its g is phonetic (U+0261).
    public void An_address_is_shown_as_people_read_it_unless_it_looks_like_another(string kept, string shown) =>
        Assert.Equal(shown, MailDomain.Shown(kept));

    /// <summary>Letters of phonetic notation are Latin ones, so that no mixture gives them away.</summary>
    [Theory]
    [InlineData("\u0251pple")]
    [InlineData("\u0261oogle")]
    [InlineData("twitte\u0280")]
    [InlineData("\u1d00pple")]
    [InlineData("g\u1d0f\u1d0fgle")]
    [InlineData("\u1d6coo")]
    [InlineData("\ua731hop")]
    [InlineData("\uab4eber")]
    public void A_domain_with_a_letter_of_phonetic_notation_is_shown_as_it_is_kept(string word)
    {
        var kept = MailDomain.ToAscii($"{word}.com");
        Assert.StartsWith("xn--", kept, StringComparison.Ordinal);
        Assert.Equal($"jo@{kept}", MailDomain.Shown($"jo@{kept}"));
    }

    /// <summary>Whoever owns one domain must never be taken for the person of another, however alike they look.</summary>
    [Fact]
    public void Two_domains_are_never_one_person_and_each_is_itself_in_both_forms()
    {
        string[] letters =
        [
            "a",
            "b",
            "ss",
            "ß",
            "ς",
            "σ",
            "ü",
            "u",
            "ä",
            "а",
            "е",
            "о",
            "日",
            "本",
            "ı",
            "i",
            "-",
            "1",
            "é",
            "ſ",
            "ﬁ",
            "\u0308",
            "\u200D",
        ];
        var label = Gen.Int[0, letters.Length - 1].Array[1, 6].Select(places => string.Concat(places.Select(place => letters[place])));
        Gen.Select(label, label)
            .Sample(
                (one, other) =>
                {
                    var (first, second) = (MailDomain.ToAscii($"{one}.example"), MailDomain.ToAscii($"{other}.example"));
                    return first is null || second is null || (first == second) == (one == other);
                },
                iter: 20_000
            );
        label.Sample(
            one =>
                MailDomain.ToAscii($"{one}.example") is not { } kept
                || (
                    MailDomain.ToAscii(kept) == kept
                    && new MailboxNames().NormalizeEmail($"jo@{kept}") == new MailboxNames().NormalizeEmail(MailDomain.Shown($"jo@{kept}"))
                ),
            iter: 20_000
        );
    }
}
