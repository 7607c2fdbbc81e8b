using Microsoft.Extensions.Configuration;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

public sealed class TrustLadderTests
{
    [Fact]
    public void A_new_account_may_use_50_dollars_5_instances_8_vcpus_100_GiB_and_10_GiB_of_downloads()
    {
        var ladder = Of();
        var account = new Account
        {
            Id = "acc-1",
            Name = "Ada",
            CreatedAt = Tenant.Epoch,
        };
        account.StepTo(ladder.First, ladder.Steps[ladder.First]);
        Assert.Equal(
            (0, 50m, 5, 8, 100, 10),
            (
                account.TrustStep,
                account.UnpaidLimit,
                account.InstanceLimit,
                account.VcpuLimit,
                account.VolumeGiBLimit,
                account.DownloadGiBLimit
            )
        );
        Assert.Equal(100, account.BucketGiBLimit);
    }

    [Fact]
    public void Settings_change_steps_and_add_one()
    {
        var ladder = Of(
            ("Trust:Steps:0:UnpaidUsd", "12.5"),
            ("Trust:Steps:4:Name", "Partner"),
            ("Trust:Steps:4:UnpaidUsd", "50000"),
            ("Trust:FirstStep", "4")
        );
        Assert.Equal((12.5m, 5, "New"), (ladder.Steps[0].UnpaidUsd, ladder.Steps[0].Instances, ladder.Steps[0].Name));
        Assert.Equal(("Partner", 4), (ladder.Steps[4].Name, ladder.First));
    }

    [Theory]
    [InlineData("Trust:Steps:9:UnpaidUsd", "5", "Trust__Steps__9 is no step")]
    [InlineData("Trust:Steps:1:UnpaidUsd", "0", "Trust__Steps__1 is wrong")]
    [InlineData("Trust:Steps:1:Vcpus", "-1", "Trust__Steps__1 is wrong")]
    [InlineData("Trust:AccountsPerCard", "0", "Trust__AccountsPerCard is 0")]
    [InlineData("Trust:FirstStep", "7", "Trust__FirstStep is 7")]
    public void What_makes_no_ladder_is_said(string key, string value, string sentence) =>
        Assert.StartsWith(sentence, Assert.Throws<StartRefusedException>(() => Of((key, value))).Message, StringComparison.Ordinal);

    [Fact]
    public void Payment_lifts_only_the_suspension_for_want_of_it()
    {
        var account = new Account
        {
            Id = "acc-1",
            Name = "Ada",
            CreatedAt = Tenant.Epoch,
        };
        Assert.True(account.Suspend(SuspensionReason.Unpaid, Tenant.Epoch).IsDone);
        Assert.Equal(CreateRule.SuspendedUnpaid, account.WhySuspended);
        Assert.Equal("It is suspended already.", account.Suspend(SuspensionReason.Unpaid, Tenant.Epoch).Reason);
        Assert.True(account.Suspend(SuspensionReason.Fraud, Tenant.Epoch).IsDone);
        Assert.Equal("It is suspended already.", account.Suspend(SuspensionReason.Unpaid, Tenant.Epoch).Reason);
        Assert.Equal((SuspensionReason.Fraud, CreateRule.Suspended), (account.SuspendedFor, account.WhySuspended));
        Assert.True(account.Resume().IsDone);
        Assert.Equal("It is not suspended.", account.Resume().Reason);
    }

    private static TrustLadder Of(params (string Key, string Value)[] settings) =>
        TrustLadder.From(
            new ConfigurationBuilder()
                .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
                .Build()
        );
}
