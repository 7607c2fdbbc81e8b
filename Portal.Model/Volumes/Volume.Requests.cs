using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Model.Compute;
using Portal.Model.Shared;
using static Portal.Model.Volumes.VolumeState;

namespace Portal.Model.Volumes;

/// <summary>What a customer may ask of a volume, and why not. The same rule greys the button and refuses on the server.</summary>
public sealed partial class Volume
{
    public static readonly TimeSpan MakeLimit = TimeSpan.FromMinutes(3);
    public static readonly TimeSpan AttachLimit = TimeSpan.FromMinutes(2);

    /// <summary>A guest that writes may take its time to let go.</summary>
    public static readonly TimeSpan DetachLimit = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan GrowLimit = TimeSpan.FromMinutes(2);
    public static readonly TimeSpan DeleteLimit = TimeSpan.FromMinutes(3);

    private const string RootSuffix = " root";
    internal const string DataSuffix = " data";

    /// <summary>All that the states are called as they are shown: EC2's, and what is on its way.</summary>
    public static readonly IReadOnlyList<string> Statuses =
    [
        "creating",
        "available",
        "attaching",
        "in-use",
        "detaching",
        "deleting",
        "deleted",
        "error",
    ];

    public Refusal? WhyNotAttach =>
        (State, Goal, InstanceId) switch
        {
            (Available, VolumeGoal.Available, null) => null,
            (Available or InUse, VolumeGoal.InUse, _) => Refusal.InUse("It is attached already: detach it first."),
            _ => Refusal.State($"Only an available volume can be attached; this one is {Status}."),
        };

    public string? WhyNotDetach =>
        (State, Goal, IsRoot) switch
        {
            (_, VolumeGoal.InUse, true) =>
                "It is the root disk of its instance. To keep it, switch off “delete with the instance” and terminate the instance.",
            (Available or InUse, VolumeGoal.InUse, _) => null,
            _ => $"It is not attached; it is {Status}.",
        };

    public string? WhyNotGrow =>
        (State, Goal) switch
        {
            (_, VolumeGoal.Deleted) or (Deleted or Error, _) => $"It is {Status}.",
            (Creating, _) => "It is still being made.",
            _ => SizeGiB > MadeGiB ? "It is growing already." : null,
        };

    public Refusal? WhyNotDelete =>
        (State, Goal, InstanceId, IsRoot) switch
        {
            (Deleted, _, _, _) or (_, VolumeGoal.Deleted, _, _) => Refusal.State($"It is {Status} already."),
            (_, _, not null, true) => Refusal.InUse("It is the root disk of its instance, and goes when that is terminated."),
            (_, _, not null, _) => Refusal.InUse("An instance has it: detach it first."),
            _ => null,
        };

    /// <summary>Why no snapshot of it can be taken; null if one can.</summary>
    public string? WhyNotSnapshot =>
        (State, Goal) switch
        {
            (_, VolumeGoal.Deleted) or (Deleted or Error, _) => $"It is {Status}.",
            (Creating, _) => "It is still being made.",
            _ => null,
        };

    /// <summary>Why its backups cannot be scheduled; null if they can.</summary>
    public string? WhyNotBackUp => (State, Goal) is (Deleted or Error, _) or (_, VolumeGoal.Deleted) ? $"It is {Status}." : null;

    public string? WhyNotSetDeleteOnTermination => InstanceId is null || Goal is not VolumeGoal.InUse ? "No instance has it." : null;

    public string? WhyNotChange => Goal is VolumeGoal.Deleted ? $"It is {Status}." : null;

    /// <summary>The state in words; while a request is on its way, the state it leads through.</summary>
    public string Status => Spell(State, Goal, InstanceId is not null);

    public static string Spell(VolumeState state, VolumeGoal goal, bool hasInstance) =>
        (state, goal, hasInstance) switch
        {
            (Deleted, _, _) => "deleted",
            (_, VolumeGoal.Deleted, _) => "deleting",
            (Creating, _, _) => "creating",
            (Error, _, _) => "error",
            (_, VolumeGoal.Available, true) => "detaching",
            (Available, VolumeGoal.InUse, _) => "attaching",
            (InUse, _, _) => "in-use",
            _ => "available",
        };

    /// <summary>A whole number of GiB, as typed.</summary>
    public static Outcome<int> ParseSize(string? text) =>
        int.TryParse((text ?? "").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= MinGiB and <= MaxGiB
            ? size
            : Refusal.Invalid($"A size is a whole number of GiB from {MinGiB} to {MaxGiB:N0}.");

    public static Outcome CheckSize(int gib) =>
        gib is >= MinGiB and <= MaxGiB ? Outcome.Done : Refusal.Invalid($"A volume has {MinGiB} to {MaxGiB:N0} GiB.");

    /// <summary>For one that was just asked for: it is to be there, and by when.</summary>
    public Volume Requested(DateTimeOffset now)
    {
        Deadline = now + MakeLimit;
        return this;
    }

    /// <summary>The disk that an instance is to start from anew, as another image has it.</summary>
    public static Volume RootOf(Instance instance, Image image, VolumeType type, int sizeGiB, string? snapshotId, DateTimeOffset now) =>
        NewRoot(instance, sizeGiB, now, image.Id, image, type, snapshotId).For(instance, RootDevice, deleteOnTermination: true);

    /// <summary>The disk that a new instance starts from, as its image or a snapshot has it.</summary>
    public static Volume RootOf(Instance instance, int sizeGiB, string? snapshotId = null) =>
        NewRoot(instance, sizeGiB, instance.CreatedAt, instance.ImageId, null, null, snapshotId)
            .For(instance, RootDevice, deleteOnTermination: true);

    private static Volume NewRoot(
        Instance instance,
        int sizeGiB,
        DateTimeOffset now,
        string imageId,
        Image? image,
        VolumeType? type,
        string? snapshotId
    ) =>
        new()
        {
            Id = ResourceIds.New("vol"),
            AccountId = instance.AccountId,
            Name = NameFor(instance.Name, RootSuffix),
            CreatedAt = now,
            ProjectId = instance.ProjectId,
            RegionId = instance.RegionId,
            TypeId = type?.Id ?? VolumeType.Standard,
            Type = type!,
            SizeGiB = sizeGiB,
            ImageId = imageId,
            Image = image,
            SnapshotId = snapshotId,
        };

    /// <summary>Called after its instance, as far as there is room in a name for more than that.</summary>
    internal static string NameFor(string instanceName, string suffix) =>
        instanceName.Length > ResourceName.MaxLength - suffix.Length ? instanceName : instanceName + suffix;

    /// <summary>Its instance has another name; a volume that somebody named keeps its own.</summary>
    internal void NameAfter(string instanceName, string before)
    {
        if (Name.StartsWith(before, StringComparison.Ordinal) && GivenSuffix().IsMatch(Name[before.Length..]))
        {
            Name = NameFor(instanceName, Name[before.Length..]);
        }
    }

    [GeneratedRegex(
        $"^({RootSuffix}|{DataSuffix}( [0-9]+)?)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex GivenSuffix();

    /// <summary>For one that is made together with its instance, or that an instance is to start from.</summary>
    public Volume For(Instance instance, string device, bool deleteOnTermination)
    {
        (InstanceId, Device, IsRoot) = (instance.Id, device, string.Equals(device, RootDevice, StringComparison.Ordinal));
        (Goal, DeleteOnTermination) = (VolumeGoal.InUse, deleteOnTermination);
        return this;
    }

    public Outcome RequestAttach(Instance instance, string device, bool deleteOnTermination, DateTimeOffset now)
    {
        if ((WhyNotAttach ?? WhyNotAttachTo(instance)) is { } refusal)
        {
            return refusal;
        }

        For(instance, device, deleteOnTermination);
        (Deadline, LastError) = (now + AttachLimit, null);
        return Outcome.Done;
    }

    public Outcome RequestDetach(DateTimeOffset now)
    {
        if (WhyNotDetach is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, Deadline, LastError) = (VolumeGoal.Available, now + DetachLimit, null);
        return Outcome.Done;
    }

    public Outcome RequestGrow(int sizeGiB, DateTimeOffset now)
    {
        if (WhyNotGrowTo(sizeGiB) is { } refusal)
        {
            return refusal;
        }

        (SizeGiB, Deadline, LastError) = (sizeGiB, now + GrowLimit, null);
        return Outcome.Done;
    }

    public Outcome RequestDelete(DateTimeOffset now)
    {
        if (WhyNotDelete is { } refusal)
        {
            return refusal;
        }

        (Goal, Deadline) = (VolumeGoal.Deleted, now + DeleteLimit);
        return Outcome.Done;
    }

    public Outcome Rename(string? name)
    {
        if (WhyNotChange is { } reason)
        {
            return Refusal.State(reason);
        }

        var outcome = ResourceName.Check(name);
        Name = outcome.IsDone ? name!.Trim() : Name;
        return outcome;
    }

    public Outcome Tag(IReadOnlyDictionary<string, string> tags)
    {
        if ((Refusal.State(WhyNotChange) ?? Shared.Tags.Check(tags).Refusal) is { } refusal)
        {
            return refusal;
        }

        Tags.Clear();
        foreach (var (key, value) in tags)
        {
            Tags[key] = value;
        }

        return Outcome.Done;
    }

    public Outcome SetDeleteOnTermination(bool goes)
    {
        if (WhyNotSetDeleteOnTermination is { } reason)
        {
            return Refusal.State(reason);
        }

        DeleteOnTermination = goes;
        return Outcome.Done;
    }

    /// <summary>Why no volume can be given to this instance; null if one can.</summary>
    public static string? WhyNotOn(Instance instance) =>
        instance.Goal is InstanceGoal.Terminated || instance.State is InstanceState.Terminated
            ? $"{instance.Name} is {instance.Status}."
            : null;

    public Refusal? WhyNotAttachTo(Instance instance) =>
        Refusal.State(WhyNotOn(instance))
        ?? Refusal.Invalid(
            instance.RegionId != RegionId ? $"{instance.Name} is in another region: a volume can be attached only where it is." : null
        );

    public Refusal? WhyNotGrowTo(int sizeGiB) =>
        Refusal.State(WhyNotGrow)
        ?? Refusal.Invalid(
            sizeGiB < SizeGiB
                ? $"It has {SizeGiB} GiB. A volume cannot shrink: what lies at its end would be lost. Make a smaller one and copy what you need."
            : sizeGiB == SizeGiB ? $"It has {SizeGiB} GiB already."
            : sizeGiB > MaxGiB ? $"A volume has at most {MaxGiB:N0} GiB."
            : null
        );
}
