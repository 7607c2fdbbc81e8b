using System.Globalization;
using System.Runtime.InteropServices;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

public enum BackupFrequency
{
    Daily,
    Weekly,
}

/// <summary>
/// When backups are due: at a full hour of UTC, which knows no summer time, each day or on one day of the week. A moment at which one is
/// due is a slot.
/// </summary>
/// <param name="Day">Of a weekly one; of a daily one it says nothing.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BackupTimes(BackupFrequency Frequency, DayOfWeek Day, int Hour)
{
    private int Days => Frequency is BackupFrequency.Weekly ? 7 : 1;

    /// <summary>E.g. <c>daily at 03:00 UTC</c>, <c>each Monday at 03:00 UTC</c>.</summary>
    public string Sentence =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{(Frequency is BackupFrequency.Weekly ? $"each {Day}" : "daily")} at {Hour:00}:00 UTC"
        );

    public Outcome Check() =>
        Enum.IsDefined(Frequency) && Enum.IsDefined(Day) && Hour is >= 0 and <= 23
            ? Outcome.Done
            : Refusal.Invalid("Backups are made daily or weekly, at a full hour from 00:00 to 23:00 UTC.");

    /// <summary>The first slot later than <paramref name="moment"/>.</summary>
    public DateTimeOffset After(DateTimeOffset moment)
    {
        var utc = moment.ToUniversalTime();
        var slot = new DateTimeOffset(utc.Year, utc.Month, utc.Day, Hour, 0, 0, TimeSpan.Zero);
        slot = Frequency is BackupFrequency.Weekly ? slot.AddDays((Day - slot.DayOfWeek + 7) % 7) : slot;
        return slot > moment ? slot : slot.AddDays(Days);
    }

    /// <summary>The last slot that is not later than <paramref name="moment"/>.</summary>
    public DateTimeOffset Until(DateTimeOffset moment) => After(moment).AddDays(-Days);
}
