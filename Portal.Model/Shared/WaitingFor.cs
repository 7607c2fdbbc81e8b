namespace Portal.Model.Shared;

/// <summary>
/// What a resource says while something that was asked of it does not happen yet: what it waits for, and that nobody has to ask again.
/// Customers read these on its page, in the lists and on the dashboard; operators in incidents.
/// </summary>
public static class WaitingFor
{
    public const string Region = $"This region is temporarily unavailable. {Saved}";

    public const string RegionOrTurn = $"This region is temporarily unavailable or busy. {Saved}";

    /// <summary>Of what is changed and goes on working as it was until then.</summary>
    public const string RegionToApply = "This region is temporarily unavailable. Your change is saved and will be applied automatically.";

    public const string AnotherTry = $"That step failed. {Retried}";

    public const string AnotherTryToApply = $"The change could not be applied. {Retried}";

    public const string Store = $"The object store can't do this right now. {Saved}";

    public const string StoreToTakeKey = $"The object store can't take this key right now. {Saved}";

    public const string Guest = "The guest has not let go of it yet.";

    public const string Machine = "Its instance has no machine yet. It gets the volume as soon as it has.";

    public const string Snapshot = $"A snapshot of it is being taken. {Saved}";

    public const string Rebuild = "An instance is being rebuilt from it; it is deleted as soon as that is done.";

    public const string NewVolume = "A volume is being made from it; it is deleted as soon as that is done.";

    private const string Saved = "Your request is saved and will continue automatically.";

    private const string Retried = "We're retrying; our operators are alerted if it keeps failing.";
}
