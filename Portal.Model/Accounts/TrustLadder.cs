using System.Globalization;
using Microsoft.Extensions.Configuration;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// The ladder of trust, from a new account upward. An operator moves an account along it. Its numbers are written into the account when it
/// steps, so that what an account was promised holds until it steps again, and so that whoever refuses something needs the account only.
/// </summary>
/// <param name="First">On which step a new account begins.</param>
/// <param name="AccountsPerCard">On how many accounts one card may be.</param>
public sealed record TrustLadder(IReadOnlyList<TrustStep> Steps, int First, int AccountsPerCard = TrustLadder.UsualAccountsPerCard)
{
    /// <summary>At this share of its unpaid limit an account's machines stop.</summary>
    public const decimal Stop = 1.2m;

    public const int UsualAccountsPerCard = 3;

    /// <summary>
    /// Settings <c>Trust:FirstStep</c>, <c>Trust:AccountsPerCard</c> and <c>Trust:Steps:N:…</c>, on top of the four steps that there are by
    /// themselves. Throws the sentence if they make no ladder.
    /// </summary>
    public static TrustLadder From(IConfiguration configuration)
    {
        var steps = Own();
        foreach (
            var section in configuration
                .GetSection("Trust:Steps")
                .GetChildren()
                .OrderBy(section => section.Key.Length)
                .ThenBy(section => section.Key, StringComparer.Ordinal)
        )
        {
            if (!int.TryParse(section.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > steps.Count)
            {
                throw new StartRefusedException($"Trust__Steps__{section.Key} is no step: they are numbered from 0 without a gap.");
            }

            if (number == steps.Count)
            {
                steps.Add(new TrustStep { Name = $"Step {number}" });
            }

            section.Bind(steps[number]);
        }

        var (first, cards) = (
            configuration.GetValue("Trust:FirstStep", 0),
            configuration.GetValue("Trust:AccountsPerCard", UsualAccountsPerCard)
        );
        var wrong = steps.FindIndex(step => step.UnpaidUsd <= 0 || Numbers(step).Any(number => number < 0));
        return wrong >= 0
                ? throw new StartRefusedException($"Trust__Steps__{wrong} is wrong: UnpaidUsd must be more than 0, and no number less.")
            : first < 0 || first >= steps.Count
                ? throw new StartRefusedException($"Trust__FirstStep is {first}: there are the steps 0 to {steps.Count - 1}.")
            : cards < 1 ? throw new StartRefusedException($"Trust__AccountsPerCard is {cards}; it must be 1 at least.")
            : new TrustLadder(steps, first, cards);
    }

    private static long[] Numbers(TrustStep step) =>
        [
            step.Instances,
            step.Vcpus,
            step.Volumes,
            step.VolumeGiB,
            step.Snapshots,
            step.Buckets,
            step.BucketGiB,
            step.BucketObjects,
            step.DownloadGiB,
            step.Networks,
            step.Addresses,
        ];

    private static List<TrustStep> Own() =>
        [
            new()
            {
                Name = "New",
                UnpaidUsd = 50,
                Instances = 5,
                Vcpus = 8,
                Volumes = 20,
                VolumeGiB = 100,
                Snapshots = 20,
                Buckets = 20,
                BucketGiB = 100,
                BucketObjects = 1_000_000,
                DownloadGiB = 10,
                Networks = 5,
                Addresses = 2,
            },
            new()
            {
                Name = "Known",
                UnpaidUsd = 200,
                Instances = 20,
                Vcpus = 40,
                Volumes = 100,
                VolumeGiB = 4096,
                Snapshots = 200,
                Buckets = 100,
                BucketGiB = 100,
                BucketObjects = 1_000_000,
                DownloadGiB = 100,
                Networks = 20,
                Addresses = 5,
            },
            new()
            {
                Name = "Proven",
                UnpaidUsd = 1000,
                Instances = 50,
                Vcpus = 128,
                Volumes = 250,
                VolumeGiB = 16384,
                Snapshots = 500,
                Buckets = 200,
                BucketGiB = 1024,
                BucketObjects = 10_000_000,
                DownloadGiB = 1024,
                Networks = 50,
                Addresses = 20,
            },
            new()
            {
                Name = "Trusted",
                UnpaidUsd = 10_000,
                Instances = 200,
                Vcpus = 512,
                Volumes = 1000,
                VolumeGiB = 65536,
                Snapshots = 2000,
                Buckets = 1000,
                BucketGiB = 10_240,
                BucketObjects = 100_000_000,
                DownloadGiB = 10_240,
                Networks = 200,
                Addresses = 64,
            },
        ];
}
