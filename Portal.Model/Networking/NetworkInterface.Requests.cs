using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>How an interface comes and goes.</summary>
public sealed partial class NetworkInterface
{
    public static readonly TimeSpan AttachLimit = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a guest may take to let go of an interface. One that does not keeps it until its next start, but the network no longer
    /// knows it: nothing that it sends arrives anywhere.
    /// </summary>
    public static readonly TimeSpan UnplugLimit = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan DetachLimit = UnplugLimit + AttachLimit;

    public bool IsUnsettled => State is not InterfaceState.InUse;

    public string Status => State is InterfaceState.InUse ? "in-use" : State.ToString().ToLowerInvariant();

    public string? WhyNotRemove =>
        IsPrimary ? "The first interface stays: the instance's name and its way out hang on it."
        : IsDeleting ? "It is being removed already."
        : null;

    /// <summary>For one that was just made for an instance that is there already.</summary>
    public NetworkInterface Requested(DateTimeOffset now)
    {
        (State, Deadline) = (InterfaceState.Attaching, now + AttachLimit);
        return this;
    }

    public Outcome RequestRemove(DateTimeOffset now)
    {
        if (WhyNotRemove is { } reason)
        {
            return Refusal.State(reason);
        }

        (IsDeleting, State, Deadline, Waiting) = (true, InterfaceState.Detaching, now + DetachLimit, null);
        return Outcome.Done;
    }

    /// <summary>It is in the machine, or will be when that starts.</summary>
    public void ObserveAttached()
    {
        if (!IsDeleting)
        {
            (State, Deadline, Waiting) = (InterfaceState.InUse, null, null);
        }
    }

    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>Whether the guest has had its time to let go of it.</summary>
    public bool IsUnplugOverdue(DateTimeOffset now) => now >= Deadline - DetachLimit + UnplugLimit;
}
