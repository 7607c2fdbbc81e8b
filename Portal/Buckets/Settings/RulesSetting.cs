using Microsoft.AspNetCore.Components;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

/// <summary>
/// A setting of a bucket that is a list of rules, which are edited and saved together. What another tool wrote meanwhile is shown as long
/// as nothing was edited here.
/// </summary>
public abstract class RulesSetting<TDraft> : PortalComponent
    where TDraft : class, IRuleDraft
{
    private readonly string prefix = $"rule-{Guid.NewGuid():N}";
    private BucketSettings? seen;
    private bool changed;
    private bool saved;
    private int edits;

    [Parameter, EditorRequired]
    public OpenBucket Bucket { get; set; } = null!;

    [Parameter, EditorRequired]
    public BucketSettings Settings { get; set; } = null!;

    [Parameter]
    public EventCallback OnSaved { get; set; }

    [Inject]
    protected ChangeBucketSettings Change { get; set; } = null!;

    [Inject]
    private CurrentActor Current { get; set; } = null!;

    protected List<TDraft> Drafts { get; private set; } = [];

    /// <summary>Why there is nothing to save.</summary>
    protected string? Why => changed ? null : "Nothing has been changed.";

    protected string? Problem => Drafts.Select(draft => draft.Check()).FirstOrDefault(reason => reason is not null);

    protected abstract IEnumerable<TDraft> DraftsOf(BucketSettings settings);

    /// <summary>Writes the drafts, unless the bucket's rules are not those of <paramref name="before"/> any more.</summary>
    protected abstract Task<Outcome> WriteAsync(Actor actor, BucketSettings before, CancellationToken ct);

    protected override void OnParametersSet()
    {
        if (ReferenceEquals(seen, Settings) || (changed && !saved))
        {
            return;
        }

        // After a save what was written is read back; what was edited while it was under way stays to be saved.
        (seen, saved) = (Settings, false);
        if (!changed)
        {
            Drafts = [.. DraftsOf(Settings)];
        }
    }

    /// <summary>Of one field of one rule in the page.</summary>
    protected string Id(TDraft rule, string field) => $"{prefix}-{Drafts.IndexOf(rule)}-{field}";

    protected void Edit(Action edit)
    {
        edit();
        (changed, edits) = (true, edits + 1);
    }

    /// <summary>Written to its end also when the page is left.</summary>
    protected async Task<Outcome> SaveAsync()
    {
        var before = edits;
        var outcome = await WriteAsync(await Current.GetAsync(), seen!, CancellationToken.None);
        (saved, changed) = (outcome.IsDone, !outcome.IsDone || edits != before);
        return outcome;
    }
}

/// <summary>A rule while somebody edits it.</summary>
public interface IRuleDraft
{
    /// <summary>What is wrong, as a sentence; null if nothing is.</summary>
    string? Check();
}
