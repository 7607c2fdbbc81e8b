using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Accounts;

namespace Portal.Model.Shared;

internal static class Ownership
{
    /// <summary>An index and a foreign key for what belongs to an account. Accounts are never deleted while something is theirs.</summary>
    public static void BelongsToAccount<T>(this EntityTypeBuilder<T> builder)
        where T : class, IOwned =>
        builder.HasOne<Account>().WithMany().HasForeignKey(row => row.AccountId).OnDelete(DeleteBehavior.Restrict);
}
