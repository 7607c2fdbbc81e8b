using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>What a customer may change of an instance without its machine being touched, and when that takes effect.</summary>
public sealed partial class Instance
{
    public const int MaxNotes = 4096;

    /// <summary>Whatever its owner wants to remember of it.</summary>
    [MaxLength(MaxNotes)]
    public string? Notes { get; private set; }

    /// <summary>It can neither be terminated nor rebuilt until this is taken back.</summary>
    public bool IsProtected { get; private set; }

    public string? WhyNotEdit => Goal is InstanceGoal.Terminated ? $"It is {Status}." : null;

    /// <summary>Why no image can be made of it; null if one can. Needs the root disk among <see cref="Volumes"/>.</summary>
    public string? WhyNotImage =>
        WhyNotEdit
        ?? Volumes.FirstOrDefault(volume => volume.IsRoot) switch
        {
            null => "It has no disk.",
            { State: VolumeState.Creating } => "Its disk is still being made.",
            var root => root.WhyNotSnapshot,
        };

    /// <summary>Its disk would be lost.</summary>
    public string? WhyNotLose => IsProtected ? "It is protected: turn that off in its settings first." : null;

    public string? WhyNotEditUserData =>
        WhyNotEdit
        ?? ((State, Goal) is (Stopped, InstanceGoal.Stopped) ? null : $"User data can be changed while it is stopped; it is {Status}.");

    /// <summary>The guest learns its host name at its first boot only; others find it by the new one at once.</summary>
    public Outcome Rename(string name) =>
        IfPossible(Refusal.State(WhyNotEdit) ?? ResourceName.Check(name).Refusal, () => Name = name.Trim());

    public Outcome WriteNotes(string? text) =>
        IfPossible(
            Refusal.State(WhyNotEdit)
                ?? Refusal.Invalid(
                    text?.Trim().Length > MaxNotes
                        ? $"Notes have at most {MaxNotes:N0} characters; these have {text.Trim().Length:N0}."
                        : null
                ),
            () => Notes = string.IsNullOrWhiteSpace(text) ? null : text.Trim().ReplaceLineEndings("\n")
        );

    public Outcome Protect(bool isProtected) => IfPossible(Refusal.State(WhyNotEdit), () => IsProtected = isProtected);

    /// <summary>Takes effect at the first boot of a new disk.</summary>
    public Outcome WriteUserData(string? text) =>
        IfPossible(Refusal.State(WhyNotEditUserData) ?? Compute.UserData.Check(text).Refusal, () => UserData = Compute.UserData.Kept(text));

    /// <summary>With which its next new disk begins; null changes nothing.</summary>
    public void BeginWith(KeyPair? key)
    {
        if (key is not null)
        {
            (KeyPairId, KeyName, PublicKey) = (key.Id, key.Name, key.PublicKey);
        }
    }

    private static Outcome IfPossible(Refusal? whyNot, Action change)
    {
        if (whyNot is not null)
        {
            return whyNot;
        }

        change();
        return Outcome.Done;
    }
}
