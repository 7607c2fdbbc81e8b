using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>What an account may keep. Asked under the lock on its row, so that parallel requests see what the one before took.</summary>
public static class VolumeQuota
{
    /// <summary>Why so many more volumes with so many GiB together would be too much; null if they are not.</summary>
    public static async Task<Refusal?> WhyNotAsync(PortalDb db, Account account, int volumes, int gib, CancellationToken ct)
    {
        var kept = db.Volumes.Where(volume => volume.AccountId == account.Id && volume.State != VolumeState.Deleted);
        var (count, size) = (await kept.CountAsync(ct), await kept.SumAsync(volume => volume.SizeGiB, ct));
        return Refusal.Limit(
            count + volumes > account.VolumeLimit
                ? $"Your quota is {Counted.Of(account.VolumeLimit, "volume")} and you have {count}, root disks included: delete one you no longer need, or ask support for more."
            : size + gib > account.VolumeGiBLimit
                ? $"Your quota is {account.VolumeGiBLimit:N0} GiB of volumes and you have {size:N0}: choose a smaller size, or ask support for more."
            : null
        );
    }
}
