namespace Portal.Model.Billing;

/// <summary>
/// Fetches the Checkout session's current state and applies it: authorizes a small amount, cancels it, keeps or refuses the card.
/// </summary>
public interface ICardSetupJob
{
    Task ApplyAsync(Guid setupId, CancellationToken ct);
}

/// <summary>Applies a stored webhook by fetching its object's current state.</summary>
public interface IStripeEventJob
{
    Task ApplyAsync(string eventId, CancellationToken ct);
}
