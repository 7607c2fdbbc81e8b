using Portal.Model.Volumes;

namespace Portal.Tests.Volumes;

/// <summary>When backups are due. In UTC, so that no day has 23 or 25 hours.</summary>
public sealed class BackupTimesTests
{
    private static readonly BackupTimes Nightly = new(BackupFrequency.Daily, DayOfWeek.Sunday, 3);
    private static readonly BackupTimes Mondays = new(BackupFrequency.Weekly, DayOfWeek.Monday, 23);

    [Theory]
    [InlineData("2026-11-27T02:59:59Z", "2026-11-27T03:00Z")]
    [InlineData("2026-11-27T03:00:00Z", "2026-11-28T03:00Z")]
    [InlineData("2026-11-30T12:00:00Z", "2026-12-01T03:00Z")]
    [InlineData("2026-12-31T03:00:01Z", "2027-01-01T03:00Z")]
    [InlineData("2028-02-28T04:00:00Z", "2028-02-29T03:00Z")]
    [InlineData("2026-03-29T01:30:00Z", "2026-03-29T03:00Z")]
    [InlineData("2026-03-28T03:30:00Z", "2026-03-29T03:00Z")]
    [InlineData("2026-10-25T01:00:00+02:00", "2026-10-25T03:00Z")]
    public void A_daily_slot_comes_each_day_also_when_clocks_are_put_forward_and_at_the_end_of_months(string now, string next) =>
        Assert.Equal((At(next), At(next).AddDays(-1)), (Nightly.After(At(now)), Nightly.Until(At(now))));

    [Theory]
    [InlineData("2026-11-27T12:00:00Z", "2026-11-30T23:00Z")]
    [InlineData("2026-11-30T22:59:59Z", "2026-11-30T23:00Z")]
    [InlineData("2026-11-30T23:00:00Z", "2026-12-07T23:00Z")]
    [InlineData("2026-12-01T00:00:00Z", "2026-12-07T23:00Z")]
    [InlineData("2026-12-28T23:30:00Z", "2027-01-04T23:00Z")]
    [InlineData("2026-12-01T00:30:00+02:00", "2026-11-30T23:00Z")]
    public void A_weekly_slot_comes_on_its_day_over_the_ends_of_months_and_years(string now, string next) =>
        Assert.Equal((At(next), At(next).AddDays(-7)), (Mondays.After(At(now)), Mondays.Until(At(now))));

    [Fact]
    public void Each_moment_lies_between_two_slots_that_follow_each_other_whatever_the_times()
    {
        var start = At("2027-12-27T00:00Z");
        foreach (
            var times in from frequency in Enum.GetValues<BackupFrequency>()
            from day in Enum.GetValues<DayOfWeek>()
            from hour in Enumerable.Range(0, 24)
            select new BackupTimes(frequency, day, hour)
        )
        {
            for (var minutes = 0; minutes < 15 * 24 * 60; minutes += 97)
            {
                var now = start.AddMinutes(minutes);
                var (last, next) = (times.Until(now), times.After(now));
                Assert.True(
                    last <= now
                        && now < next
                        && times.After(last) == next
                        && next.Hour == times.Hour
                        && (times.Frequency is BackupFrequency.Daily || next.DayOfWeek == times.Day),
                    $"{times} at {now:u}"
                );
            }
        }
    }

    [Fact]
    public void Nonsense_is_refused_and_the_rest_is_said_as_people_say_it()
    {
        Assert.Equal(["daily at 03:00 UTC", "each Monday at 23:00 UTC"], [Nightly.Sentence, Mondays.Sentence]);
        BackupTimes[] nonsense =
        [
            Nightly with
            {
                Hour = 24,
            },
            Nightly with
            {
                Hour = -1,
            },
            Mondays with
            {
                Day = (DayOfWeek)7,
            },
            Mondays with
            {
                Frequency = (BackupFrequency)2,
            },
        ];
        Assert.All(
            nonsense,
            times =>
                Assert.Equal(
                    "Backups are made daily or weekly, at a full hour from 00:00 to 23:00 UTC.",
                    new BackupWish(times, 7).Check().Reason
                )
        );
        Assert.All([0, -1, 91], keep => Assert.Equal("From 1 to 90 backups can be kept.", new BackupWish(Nightly, keep).Check().Reason));
        Assert.All([1, 90], keep => Assert.Null(new BackupWish(Nightly, keep).Check().Reason));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
