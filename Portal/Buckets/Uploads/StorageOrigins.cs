using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// The addresses of the object stores, for the policy by which browsers let a page talk to them: pictures of objects come from there, and
/// uploads go there. Read once, and again when an operator or a worker changes one. A document keeps the policy that it came with, whatever
/// page its circuit shows later: so it is also told what that says (<c>uploads/policy.js</c>).
/// </summary>
public sealed class StorageOrigins : IDisposable
{
    private readonly IDbContextFactory<PortalDb> dbs;
    private readonly IDisposable listening;
    private int changes;
    private Known known = new(-1, "");

    public StorageOrigins(IDbContextFactory<PortalDb> dbs, Changes changed)
    {
        this.dbs = dbs;
        listening = changed.Subscribe(
            change => change.Table == "ObjectStores",
            _ =>
            {
                Interlocked.Increment(ref changes);
                return Task.CompletedTask;
            }
        );
    }

    /// <summary>With spaces between, as the policy wants them; the last known ones while the database does not answer.</summary>
    public async ValueTask<string> GetAsync(CancellationToken ct)
    {
        var seen = Volatile.Read(ref changes);
        if (known.Seen != seen)
        {
            try
            {
                await using var db = await dbs.CreateDbContextAsync(ct);
                var endpoints = await db.ObjectStores.Select(store => store.Endpoint).ToListAsync(ct);
                known = new Known(seen, string.Join(' ', endpoints.Select(OriginOf).Distinct(StringComparer.Ordinal)));
            }
            catch (Exception away) when (away is NpgsqlException or InvalidOperationException)
            {
                // The page that is asked for will say so itself, if it needs the database.
            }
        }

        return known.Origins;
    }

    /// <summary>
    /// A page is to talk to this store: unless it is among those that are known, all are read anew for the next document.
    /// </summary>
    public void Expect(string endpoint)
    {
        if (!known.Origins.Split(' ').Contains(OriginOf(endpoint), StringComparer.Ordinal))
        {
            Interlocked.Increment(ref changes);
        }
    }

    public void Dispose() => listening.Dispose();

    /// <summary>As a header can spell it.</summary>
    private static string OriginOf(string endpoint)
    {
        var address = new Uri(endpoint);
        return new UriBuilder(address.Scheme, address.IdnHost, address.IsDefaultPort ? -1 : address.Port).Uri.GetLeftPart(
            UriPartial.Authority
        );
    }

    private sealed record Known(int Seen, string Origins);
}
