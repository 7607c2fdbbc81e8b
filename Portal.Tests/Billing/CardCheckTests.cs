using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class CardCheckTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Without_a_card_nothing_billable_can_be_made() => Assert.Equal("Add a card first; $0 now.", await WhyAsync());

    [Fact]
    public async Task With_a_valid_default_card_it_can() => Assert.Null(await WhyAsync(ACard(2026, 11, isDefault: true)));

    [Fact]
    public async Task An_expired_card_is_named() =>
        Assert.Equal(
            "The card Visa •••• 4242 has expired. Add a card that is valid; $0 now.",
            await WhyAsync(ACard(2026, 10, isDefault: true))
        );

    [Fact]
    public async Task A_usable_card_beside_an_expired_default_is_pointed_at() =>
        Assert.Equal(
            "The default card cannot be charged. Choose another one as the default.",
            await WhyAsync(ACard(2026, 10, isDefault: true), ACard(2030, 1))
        );

    [Fact]
    public async Task A_removed_or_refused_card_counts_for_nothing() =>
        Assert.Equal(
            "Add a card first; $0 now.",
            await WhyAsync(ACard(2030, 1, state: CardState.Removed), ACard(2030, 1, state: CardState.Refused))
        );

    [Fact]
    public async Task A_suspended_account_starts_nothing() =>
        Assert.StartsWith(
            "This account is suspended.",
            await WhyAsync(suspended: true, ACard(2030, 1, isDefault: true)),
            StringComparison.Ordinal
        );

    private Task<string?> WhyAsync(params Card[] cards) => WhyAsync(suspended: false, cards);

    private async Task<string?> WhyAsync(bool suspended, params Card[] cards)
    {
        await using var db = CreateDbContext();
        db.Accounts.AddRange(
            new Account
            {
                Id = "acc-1",
                Name = "One",
                CreatedAt = Now,
                SuspendedAt = suspended ? Now : null,
            },
            new Account
            {
                Id = "acc-2",
                Name = "Two",
                CreatedAt = Now,
            }
        );
        db.Cards.AddRange(cards);
        db.Cards.Add(ACard(2030, 1, isDefault: true, account: "acc-2"));
        await db.SaveChangesAsync();
        return await CardCheck.WhyNoBillingAsync(db, "acc-1", Now, CancellationToken.None);
    }

    private static Card ACard(int year, int month, bool isDefault = false, CardState state = CardState.Valid, string account = "acc-1") =>
        new()
        {
            Id = $"pm_{Guid.NewGuid():N}",
            AccountId = account,
            Brand = "visa",
            Last4 = "4242",
            ExpiryYear = year,
            ExpiryMonth = month,
            Fingerprint = "print",
            IsDefault = isDefault,
            State = state,
            AddedAt = Now,
        };
}
