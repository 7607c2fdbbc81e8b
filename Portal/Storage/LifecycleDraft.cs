using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Storage;

/// <summary>
/// A lifecycle rule while somebody edits it. What the form does not know (tags, dates, other storage classes) makes a rule a foreign one: it is shown, kept
/// as it is, and can only be removed.
/// </summary>
public sealed class LifecycleDraft : IRuleDraft
{
    private readonly LifecycleRule? foreign;

    private LifecycleDraft(LifecycleRule? foreign) => this.foreign = foreign;

    public LifecycleDraft()
        : this(null)
    {
    }

    public string? Id { get; private init; }

    public bool IsEnabled { get; set; } = true;

    public string Prefix { get; set; } = "";

    /// <summary>Days after which objects are deleted.</summary>
    public string Expire { get; set; } = "";

    /// <summary>Days after which versions that are not the newest any more are deleted.</summary>
    public string ExpireOlder { get; set; } = "";

    /// <summary>Days after which unfinished uploads are aborted.</summary>
    public string Abort { get; set; } = "";

    public bool IsForeign => foreign is not null;

    public static LifecycleDraft Of(LifecycleRule rule) => IsKnown(rule)
        ? new LifecycleDraft
        {
            Id = rule.Id,
            IsEnabled = rule.Status == LifecycleRuleStatus.Enabled,
            Prefix = PrefixOf(rule) ?? "",
            Expire = Text(rule.Expiration?.Days),
            ExpireOlder = Text(rule.NoncurrentVersionExpiration?.NoncurrentDays),
            Abort = Text(rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation),
        }
        : new LifecycleDraft(rule) { Id = rule.Id, IsEnabled = rule.Status == LifecycleRuleStatus.Enabled, Prefix = PrefixOf(rule) ?? "" };

    public static bool AreSame(IEnumerable<LifecycleRule> one, IEnumerable<LifecycleRule> other) => Said(one).SequenceEqual(Said(other));

    public string? Check() => IsForeign ? null
        : new[] { Expire, ExpireOlder, Abort }.All(days => days.Trim().Length == 0) ? "A rule does at least one thing: say after how many days."
        : new[] { Expire, ExpireOlder, Abort }.Any(days => days.Trim().Length > 0 && Days(days) is null) ? "Days are a number from 1 to 36,500."
        : null;

    public LifecycleRule ToRule() => foreign ?? new LifecycleRule
    {
        Id = string.IsNullOrEmpty(Id) ? Guid.NewGuid().ToString("N") : Id,
        Status = IsEnabled ? LifecycleRuleStatus.Enabled : LifecycleRuleStatus.Disabled,
        Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = Prefix } },
        Expiration = Days(Expire) is { } expire ? new LifecycleRuleExpiration { Days = expire } : null,
        NoncurrentVersionExpiration = Days(ExpireOlder) is { } older ? new LifecycleRuleNoncurrentVersionExpiration { NoncurrentDays = older } : null,
        AbortIncompleteMultipartUpload = Days(Abort) is { } abort ? new LifecycleRuleAbortIncompleteMultipartUpload { DaysAfterInitiation = abort } : null,
    };

    private static IEnumerable<(string?, bool, string, string, string, string, bool)> Said(IEnumerable<LifecycleRule> rules) => rules.Select(Of)
        .Select(draft => (draft.Id, draft.IsEnabled, draft.Prefix, draft.Expire, draft.ExpireOlder, draft.Abort, draft.IsForeign));

    private static bool IsKnown(LifecycleRule rule) =>
        rule.Transitions is not { Count: > 0 } && rule.NoncurrentVersionTransitions is not { Count: > 0 }
        && rule.Expiration is null or { Date: null, ExpiredObjectDeleteMarker: not true, Days: > 0 }
        && rule.NoncurrentVersionExpiration is null or { NewerNoncurrentVersions: null }
        && rule.Filter?.LifecycleFilterPredicate is null or LifecyclePrefixPredicate;

#pragma warning disable CS0618 // Rules made by older tools have their prefix outside of the filter.
    private static string? PrefixOf(LifecycleRule rule) => (rule.Filter?.LifecycleFilterPredicate as LifecyclePrefixPredicate)?.Prefix ?? rule.Prefix;
#pragma warning restore CS0618

    private static string Text(int? days) => days?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static int? Days(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= 36_500 ? days : null;
}
